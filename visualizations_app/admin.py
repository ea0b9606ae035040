"""The staff door to visualizations."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.windows import WindowAdmin
from visualizations_app.models import Visualization


@admin.register(Visualization)
class VisualizationAdmin(WindowAdmin[Visualization]):
    list_display = ("thumbnail", "kind", "session", "shown_state", "requested_at", "made_at")
    list_display_links = ("kind",)
    list_filter = ("kind", "job__state")
    search_fields = ("session__session_id", "session__session_name")
    list_select_related = ("session", "job", "image")
    fields = ("preview", "kind", "session", "shown_state", "job", "inputs", "recipe_version", "requested_at", "made_at", "image")
    readonly_fields = ("preview", "shown_state", "inputs")

    @admin.display(description="")
    def thumbnail(self, visualization: Visualization) -> str | SafeString:
        return _image(visualization, "holdfast-thumbnail")

    @admin.display(description="Picture")
    def preview(self, visualization: Visualization) -> str | SafeString:
        return _image(visualization, "holdfast-preview")

    @admin.display(description="State")
    def shown_state(self, visualization: Visualization) -> str:
        return visualization.state

    @admin.display(description="Made from")
    def inputs(self, visualization: Visualization) -> str:
        return f"{visualization.recording.asset.name}, sha256 {visualization.recording.asset.blob.sha256}"


def _image(visualization: Visualization, css_class: str) -> str | SafeString:
    if visualization.image_id is None:
        return ""
    url = reverse("asset-data", args=[visualization.image_id])
    return format_html('<img class="{}" loading="lazy" src="{}" alt="{}">', css_class, url, str(visualization))
