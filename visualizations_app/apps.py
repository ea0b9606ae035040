"""The top floor: pictures."""

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from assets_app.models import Asset
    from assets_app.operations.places import Place


class VisualizationsConfig(AppConfig):
    name = "visualizations_app"
    verbose_name = "Visualizations"

    def ready(self) -> None:
        from assets_app.models import AssetQuerySet
        from assets_app.operations.changes import VISIBLE
        from assets_app.operations.places import PLACES
        from sessions_app.signals import recording_kept, session_purging
        from visualizations_app import receivers, tasks  # noqa: F401  (importing tasks registers them)
        from visualizations_app.models import Visualization

        recording_kept.connect(receivers.request_pictures, dispatch_uid="request_pictures")
        session_purging.connect(receivers.forget_pictures, dispatch_uid="forget_pictures")
        VISIBLE["visualization"] = [lambda user: Visualization.objects.visible_to(user).values("uuid")]
        AssetQuerySet.seen_through.append(lambda user: Visualization.objects.visible_to(user).values("image"))
        PLACES.append(_pictures_of)


def _pictures_of(asset: "Asset", user: "User") -> "list[Place]":
    """The asset as a picture of sessions; of those that `user` may not see, only that it is."""
    from django.urls import reverse

    from assets_app.operations.places import Place
    from visualizations_app.models import Visualization
    from visualizations_app.recipes import RECIPES

    made = Visualization.objects.filter(image=asset).select_related("session").order_by("pk")
    seen = list(made.filter(pk__in=Visualization.objects.visible_to(user).values("pk")))
    places = [
        Place(
            f"The picture “{RECIPES[v.kind].title}” of the session “{v.session.session_name or v.session.session_id}”",
            reverse("session", args=[v.session.session_id]),
        )
        for v in seen
    ]
    return places + [Place("A picture of a session that you may not see")] * (made.count() - len(places))
