"""Files of sessions."""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from assets_app.errors import NotFound
from assets_app.models import Asset
from assets_app.operations.assets import check_may_change
from assets_app.operations.places import Place
from sessions_app.ids import canonical_id
from sessions_app.models import Session, SessionActivity, SessionFile
from sessions_app.operations.activity import log_activity
from sessions_app.operations.locks import check_may_save, check_not_deleted, lock_session

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

SHOWN_SESSIONS = 50


def writable_session(session_id: str, *, by: "User") -> Session:
    """The session of that id, in either spelling.

    Raises:
        NotFound: there is none that `by` may write to.
    """
    session = Session.objects.visible_to(by).live().filter(session_id=canonical_id(session_id)).first()
    if session is None:
        raise NotFound(
            "There is no session of that id that you may add files to. Look at its id, or leave it out.", field="sessionId"
        )
    return session


def files_of_session(session_id: str, user: "User") -> "QuerySet[SessionFile, Any]":
    """The assets' ids of a session that `user` may see, in either spelling of its id."""
    sessions = Session.objects.visible_to(user).filter(session_id=canonical_id(session_id))
    return SessionFile.objects.filter(session__in=sessions).values("asset")


def places_of_file(asset: Asset, user: "User") -> list[Place]:
    """The sessions that the asset is a file of; of those that `user` may not see, only that they are."""
    sessions = Session.objects.filter(files__asset=asset).order_by("session_id").distinct()
    seen = sessions.filter(pk__in=Session.objects.visible_to(user).values("pk"))
    places = [
        Place(f"A file of the session “{s.session_name or s.session_id}”", reverse("session", args=[s.session_id])) for s in seen
    ]
    hidden = sessions.count() - len(places)
    return places + [Place("A file of a session that you may not see")] * hidden


def sessions_for_files(user: "User") -> list[tuple[str, str]]:
    """Ids and names of the sessions that were saved last of those that `user` may add files to."""
    newest = Session.objects.visible_to(user).live().order_by("-updated_at")
    return [(own_id, name or own_id) for own_id, name in newest.values_list("session_id", "session_name")[:SHOWN_SESSIONS]]


def attach_file(*, session: Session, asset: Asset, role: SessionFile.Role, by: "User") -> SessionFile:
    """Make an asset a file of a session, and note it in the session's log. Said twice, nothing changes.

    Raises:
        NotFound: `by` may no longer see the session, or not the asset.
        NotAllowed: they may only look at the session, or at the asset: to attach it is to show it to others.
        SessionDeleted: it is in the trash.
    """
    with transaction.atomic():
        head = check_not_deleted(check_may_save(lock_session(session, by=by), by=by))
        # Held until the end: it cannot go to the trash meanwhile.
        held = Asset.objects.visible_to(by).filter(pk=asset.pk).select_for_update(no_key=True).first()
        if held is None:
            raise NotFound("There is no asset of that id that you may see.", pointer="/asset")
        known = SessionFile.objects.filter(session=head, asset=asset).first()
        if known is not None:
            return known
        check_may_change(held, by=by)
        now = timezone.now()
        file = SessionFile.objects.create(session=head, asset=asset, role=role, attached_at=now, attached_by=by)
        log_activity(
            head,
            SessionActivity.Action.ATTACHED,
            by=by,
            at=now,
            asset=str(asset.pk),
            name=asset.name,
            sha256=asset.blob.sha256,
        )
    return file
