"""The JSON door to conflicts: what was refused, how the sides differ, and settling it."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api import params
from assets_app.api.idempotent import idempotent
from assets_app.api.moments import moment
from assets_app.errors import InvalidInput, NotFound
from sessions_app.api import shapes
from sessions_app.api.answers import version_made
from sessions_app.api.bodies import conflict_body
from sessions_app.api.found import fields_of, needed_version, user_of, visible_conflict
from sessions_app.api.parsers import GzipParser, StrictJsonParser
from sessions_app.ids import canonical_id
from sessions_app.merge import MISSING, Difference
from sessions_app.models import Conflict
from sessions_app.operations.conflicts import (
    assign_conflict,
    dismiss_conflict,
    preview_resolution,
    reopen_conflict,
    resolve_conflict,
    settle_many,
)
from sessions_app.operations.disputes import dispute_of
from sessions_app.operations.heads import find_session

JSON = [StrictJsonParser, GzipParser]
RULES = ("merge", "theirs", "yours", "dismiss")
MOST_AT_ONCE = 200
MOST_DIFFERENCES = 5000


class ConflictsView(APIView):
    """Conflicts of the sessions that the caller may see, the newest first."""

    @extend_schema(
        operation_id="list_conflicts",
        parameters=[
            OpenApiParameter("state", enum=[*Conflict.State.values, "all"], description="Default: open."),
            OpenApiParameter("severity", enum=Conflict.Severity.values),
            OpenApiParameter("session", description="Only those of this session_id."),
            OpenApiParameter("assignee", description="A user's name; `me` for your own."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; default 100."),
            OpenApiParameter("before", OpenApiTypes.INT, description="From `next`."),
        ],
        responses={200: shapes.CONFLICTS},
    )
    def get(self, request: Request) -> Response:
        conflicts = _wanted(request)
        limit = params.integer(request, "limit", default=100, least=1, most=1000)
        before = params.integer(request, "before", default=2**62, least=1, most=2**62)
        found = list(conflicts.filter(pk__lt=before).order_by("-pk")[: limit + 1])
        page = found[:limit]
        following = None
        if len(found) > limit:
            query = request.query_params.copy()
            query["before"] = str(page[-1].pk)
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        body = {
            "success": True,
            "conflicts": [conflict_body(conflict, request) for conflict in page],
            "total": conflicts.count(),
            "count": len(page),
            "next": following,
            "generatedAt": moment(timezone.now()),
        }
        return Response(body)


class ConflictView(APIView):
    """One conflict: base, theirs (what the session holds now), yours (what was refused), and where they differ."""

    @extend_schema(operation_id="read_conflict", responses={200: shapes.CONFLICT})
    def get(self, request: Request, conflict_id: str) -> Response:
        conflict = visible_conflict(request, conflict_id)
        session = conflict.session
        dispute = dispute_of(conflict, session)
        body = {
            **conflict_body(conflict, request),
            "sessionVersion": session.version,
            "base": dispute.base,
            "theirs": dispute.theirs,
            "yours": dispute.yours,
            "differences": [difference_body(difference) for difference in dispute.merge.differences[:MOST_DIFFERENCES]],
            "differencesTotal": len(dispute.merge.differences),
            "undecided": dispute.merge.undecided,
            "merged": dispute.merged,
        }
        return Response({"success": True, "conflict": body}, headers={"ETag": f'"{session.version}"'})


class ResolveView(APIView):
    """Save both sides as one version with two parents."""

    parser_classes = JSON

    @extend_schema(
        operation_id="resolve_conflict",
        parameters=[
            shapes.IDEMPOTENCY_KEY,
            OpenApiParameter("preview", enum=["true"], description="Only answer what would be saved."),
        ],
        request=shapes.RESOLVE,
        responses={200: shapes.SAVED},
    )
    @idempotent
    def post(self, request: Request, conflict_id: str) -> Response:
        conflict = visible_conflict(request, conflict_id)
        choices, take = _choices(fields_of(request))
        if params.choice(request, "preview", ["true"]):
            merged = preview_resolution(conflict=conflict, session=conflict.session, choices=choices, take=take)
            body = {"success": True, "version": conflict.session.version, "merged": merged.value, "undecided": merged.undecided}
            return Response(body)
        version = resolve_conflict(
            conflict=conflict,
            based_on=needed_version(request, conflict.session, _version=fields_of(request).get("_version")),
            by=user_of(request),
            choices=choices,
            take=take,
            reason=_text(fields_of(request), "reason"),
        )
        return version_made(version, merged=True, conflict=str(conflict.uuid))


class DismissView(APIView):
    """Leave the session as it is. What was refused stays readable."""

    parser_classes = JSON

    @extend_schema(
        operation_id="dismiss_conflict",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.REASON,
        responses={200: shapes.CONFLICT_LINE},
    )
    @idempotent
    def post(self, request: Request, conflict_id: str) -> Response:
        conflict = visible_conflict(request, conflict_id)
        dismiss_conflict(conflict=conflict, by=user_of(request), reason=_text(fields_of(request), "reason"))
        return _as_it_stands(request, conflict_id)


class ReopenView(APIView):
    """Undo a resolution or a dismissal in one step."""

    parser_classes = JSON

    @extend_schema(
        operation_id="reopen_conflict",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=None,
        responses={200: shapes.CONFLICT_LINE},
    )
    @idempotent
    def post(self, request: Request, conflict_id: str) -> Response:
        reopen_conflict(conflict=visible_conflict(request, conflict_id), by=user_of(request))
        return _as_it_stands(request, conflict_id)


class AssignView(APIView):
    """Say who looks at it: a member of staff, or nobody in particular."""

    parser_classes = JSON

    @extend_schema(
        operation_id="assign_conflict",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.ASSIGN,
        responses={200: shapes.CONFLICT_LINE},
    )
    @idempotent
    def post(self, request: Request, conflict_id: str) -> Response:
        conflict = visible_conflict(request, conflict_id)
        name = fields_of(request).get("assignee", "")
        if name is not None and not (isinstance(name, str) and name):
            raise InvalidInput("Send the 'assignee': the name of a member of staff, or null for nobody.", pointer="/assignee")
        assignee = User.objects.filter(username=name, is_active=True, is_staff=True).first() if name else None
        if name and assignee is None:
            raise NotFound("There is no member of staff by that name.", pointer="/assignee")
        assign_conflict(conflict=conflict, to=assignee, by=user_of(request))
        return _as_it_stands(request, conflict_id)


class SettleManyView(APIView):
    """Settle many conflicts by one rule. `dryRun` only counts."""

    parser_classes = JSON

    @extend_schema(
        operation_id="settle_conflicts",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.SETTLE,
        responses={200: shapes.SETTLED},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        rule, ids = fields_of(request).get("rule"), fields_of(request).get("ids")
        if rule not in RULES:
            raise InvalidInput(f"'rule' must be one of: {', '.join(RULES)}.", pointer="/rule")
        if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_AT_ONCE or not all(isinstance(i, str) for i in ids):
            raise InvalidInput(f"'ids' must be an array of 1 to {MOST_AT_ONCE} ids of conflicts.", pointer="/ids")
        is_dry_run = fields_of(request).get("dryRun", False)
        if not isinstance(is_dry_run, bool):
            raise InvalidInput("'dryRun' must be true or false.", pointer="/dryRun")
        conflicts = [visible_conflict(request, conflict_id) for conflict_id in dict.fromkeys(ids)]
        outcomes = settle_many(
            conflicts=conflicts, rule=rule, by=user_of(request), reason=_text(fields_of(request), "reason"), is_dry_run=is_dry_run
        )
        counts = {name: outcomes[name] for name in ("settled", "hard", "moved", "trashed")}
        return Response({"success": True, "dryRun": is_dry_run, **counts})


def difference_body(difference: Difference) -> dict[str, Any]:
    """A value that is not there on one side is left out."""
    sides = {"base": difference.base, "theirs": difference.theirs, "yours": difference.yours}
    there = {side: value for side, value in sides.items() if value is not MISSING}
    return {"path": difference.path, "side": difference.side, **there}


def _wanted(request: Request) -> Any:
    conflicts = Conflict.objects.visible_to(request.user)
    state = params.choice(request, "state", [*Conflict.State.values, "all"], default="open")
    if state != "all":
        conflicts = conflicts.filter(state=state)
    if severity := params.choice(request, "severity", Conflict.Severity.values):
        conflicts = conflicts.filter(severity=severity)
    if session_id := params.text(request, "session"):
        session = find_session(canonical_id(session_id), by=user_of(request))
        conflicts = conflicts.filter(session=session) if session is not None else conflicts.none()
    if assignee := params.text(request, "assignee"):
        name = user_of(request).get_username() if assignee == "me" else assignee
        conflicts = conflicts.filter(assignee__username=name)
    return conflicts.with_people().defer("packed")


def _choices(data: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    choices, take = data.get("choices"), data.get("take")
    choices = {} if choices is None else choices
    if not isinstance(choices, dict):
        raise InvalidInput("'choices' must be an object: a path, and what to take there.", pointer="/choices")
    if take not in (None, "theirs", "yours"):
        raise InvalidInput("'take' must be 'theirs' or 'yours'.", pointer="/take")
    if take and choices:
        raise InvalidInput("Send either 'choices' or 'take', not both.", pointer="/take")
    return choices, take


def _text(data: dict[str, Any], name: str) -> str:
    text = data.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InvalidInput(f"'{name}' must be a text.", pointer=f"/{name}")
    return text


def _as_it_stands(request: Request, conflict_id: str) -> Response:
    conflict = visible_conflict(request, conflict_id)
    return Response({"success": True, "conflict": conflict_body(conflict, request), "version": conflict.session.version})
