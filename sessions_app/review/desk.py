"""What the buttons of a conflict's page do. Doors look the conflict up, ask who may do it, and show what comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from assets_app.errors import InvalidInput
from sessions_app.errors import AlreadySettled, DocumentTooLarge, SessionDeleted, VersionMoved
from sessions_app.models import Conflict, SessionVersion
from sessions_app.operations.conflicts import (
    Side,
    assign_conflict,
    dismiss_conflict,
    may_settle,
    preview_resolution,
    reopen_conflict,
    resolve_conflict,
)
from sessions_app.review.entries import Entries, choices_on
from sessions_app.review.sheet import Sheet, read_outcome, read_sheet
from sessions_app.review.words import device_name, door_name

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REFUSALS = (InvalidInput, DocumentTooLarge, SessionDeleted)
NO_CHOICE = "Both sides changed this. Choose one."
MOST_TOLD = 10


@dataclass(frozen=True)
class Done:
    """It is done, or can no longer be: what to tell on the conflict's page."""

    message: str
    level: Literal["success", "warning", "error"] = "success"


def act(conflict: Conflict, data: Mapping[str, str], *, by: "User") -> Done | Sheet:
    """Do what the pressed button says. A sheet comes back when there is something to look at, or to put right, first.

    Raises:
        NotFound: `by` may no longer see it.
    """
    step = data.get("do", "preview")
    entries = Entries.of(data)
    try:
        if step in STEPS:
            return STEPS[step](conflict, entries, by)
        return _decide(conflict, entries, step, by=by)
    except AlreadySettled as refused:
        return Done(refused.message, "warning")
    except REFUSALS as refused:
        if step == "undo":
            return Done(refused.message, "error")
        sheet = read_sheet(conflict, entries)
        _tell(sheet, refused)
        return sheet


def page_of(conflict: Conflict, sheet: Sheet | None, *, by: "User") -> dict[str, Any]:
    """The template's context."""
    is_open = conflict.state == Conflict.State.OPEN
    session = conflict.session
    told = {version.version: version for version in _versions(conflict)}
    return {
        "conflict": conflict,
        "session": session,
        "door": door_name(conflict.door),
        "device": device_name(conflict.device),
        "base_version": told.get(conflict.base_version),
        "met_version": told.get(conflict.current_version),
        "newest_version": told.get(session.version),
        "since": [told[number] for number in sorted(told) if number > conflict.current_version],
        "moved_by": session.version - conflict.current_version,
        "sheet": sheet or (read_sheet(conflict) if is_open else None),
        "outcome": None if is_open else read_outcome(conflict),
        "may_settle": may_settle(by, session),
    }


def _versions(conflict: Conflict) -> list[SessionVersion]:
    """The rows of the versions that the page speaks of."""
    versions = SessionVersion.objects.filter(session=conflict.session_id).select_related("saved_by").defer("packed")
    named = list(versions.filter(version__in=[conflict.base_version, conflict.current_version]))
    return [*named, *versions.filter(version__gt=conflict.current_version)[:MOST_TOLD]]


def _decide(conflict: Conflict, entries: Entries, step: str, *, by: "User") -> Done | Sheet:
    if conflict.state != Conflict.State.OPEN:
        return Done(f"This conflict was {conflict.state} meanwhile. Nothing was changed.", "warning")
    sheet = read_sheet(conflict, entries)
    take: Side | None = "theirs" if step == "theirs" else "yours" if step == "yours" else None
    choices = {} if take else choices_on(sheet.rows, rest=entries.rest)
    if sheet.moved or sheet.problem_rows:
        sheet.status = 412 if sheet.moved else 400
        return sheet
    merged = preview_resolution(conflict=conflict, session=conflict.session, choices=choices, take=take)
    if step == "preview" or merged.undecided:
        sheet.show_preview(merged)
        if step != "preview":
            _mark_undecided(sheet, set(merged.undecided))
        return sheet
    try:
        version = resolve_conflict(
            conflict=conflict, based_on=conflict.session.version, by=by, choices=choices, take=take, reason=entries.reason
        )
    except VersionMoved:
        return read_sheet(_again(conflict), entries)
    return Done(f"Saved as version {version.version} of “{version.session.session_name}”. You can undo this below.")


def _mark_undecided(sheet: Sheet, paths: set[str]) -> None:
    sheet.preview, sheet.status = None, 400
    sheet.problem = f"Nothing was saved yet: {len(paths)} part{'s' if len(paths) > 1 else ''} still need a choice."
    if len(paths) == 1:
        sheet.problem = "Nothing was saved yet: one part still needs a choice."
    for row in sheet.rows:
        if row.place.path in paths:
            row.problem = NO_CHOICE


def _tell(sheet: Sheet, refused: Any) -> None:
    sheet.problem, sheet.status = refused.message, 400
    for row in sheet.rows:
        if row.place.path == refused.facts.get("path"):
            row.problem = refused.message


def _dismiss(conflict: Conflict, entries: Entries, by: "User") -> Done:
    dismiss_conflict(conflict=conflict, by=by, reason=entries.reason)
    return Done("Dismissed: the session stays as it is. What was refused stays readable, and you can undo this below.")


def _undo(conflict: Conflict, _entries: Entries, by: "User") -> Done:
    try:
        version = reopen_conflict(conflict=conflict, by=by)
    except VersionMoved as refused:
        return Done(refused.message, "error")
    if version is None:
        return Done("Undone: the conflict is open again.")
    return Done(f"Undone: version {version.version} is as the session was before, and the conflict is open again.")


def _assign(conflict: Conflict, _entries: Entries, by: "User") -> Done:
    assign_conflict(conflict=conflict, to=by, by=by)
    return Done("Assigned to you.")


def _unassign(conflict: Conflict, _entries: Entries, by: "User") -> Done:
    assign_conflict(conflict=conflict, to=None, by=by)
    return Done("Assigned to nobody in particular.")


def _again(conflict: Conflict) -> Conflict:
    return Conflict.objects.with_people().get(pk=conflict.pk)


STEPS: dict[str, Callable[[Conflict, Entries, "User"], Done]] = {
    "dismiss": _dismiss,
    "undo": _undo,
    "assign": _assign,
    "unassign": _unassign,
}
