"""The first floor: work with a history."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    pass


class SessionsConfig(AppConfig):
    name = "sessions_app"
    # "Sessions" would stand twice in the admin, next to Django's own, with identical permissions.
    verbose_name = "Session hub"

    def ready(self) -> None:
        from assets_app.chores import add_chore
        from assets_app.models import AssetQuerySet
        from assets_app.operations.changes import VISIBLE
        from assets_app.operations.places import PLACES, SESSIONS
        from assets_app.operations.search import FILES_OF_SESSION
        from assets_app.signals import asset_stored
        from sessions_app import receivers
        from sessions_app.models import Conflict, PurgedSession, Session, SessionFile
        from sessions_app.operations.devices import catch_up
        from sessions_app.operations.files import files_of_session, places_of_file, sessions_for_files
        from sessions_app.operations.leases import sweep_leases
        from sessions_app.operations.trash import purge_trash

        asset_stored.connect(receivers.attach_stored_asset, dispatch_uid="attach_stored_asset")
        VISIBLE["session"] = [
            lambda user: Session.objects.visible_to(user).values("pk"),
            lambda user: PurgedSession.objects.filter(owner=user.get_username()).values("pk"),
        ]
        AssetQuerySet.seen_through.append(
            lambda user: SessionFile.objects.filter(session__in=Session.objects.visible_to(user)).values("asset")
        )
        FILES_OF_SESSION[:] = [files_of_session]
        PLACES.append(places_of_file)
        SESSIONS[:] = [sessions_for_files]
        VISIBLE["conflict"] = [lambda user: Conflict.objects.visible_to(user).values("uuid")]
        add_chore(catch_up, every=timedelta(seconds=5))
        add_chore(purge_trash, every=timedelta(minutes=10))
        add_chore(sweep_leases, every=timedelta(hours=1))
