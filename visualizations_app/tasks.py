"""Background entry points."""

from assets_app.jobs import background
from visualizations_app.models import Visualization
from visualizations_app.operations import make_picture


@background
def draw(visualization: str) -> None:
    """Make one requested picture. Safe to run twice: the same picture is kept once."""
    make_picture(
        visualization=Visualization.objects.select_related("recording__asset__blob", "session__owner").get(uuid=visualization)
    )
