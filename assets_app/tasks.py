"""Background entry points."""

from assets_app.jobs import background
from assets_app.models import Asset
from assets_app.operations import pictures


@background
def examine_asset(asset: str) -> None:
    """Read what was not read yet of an asset, and make its thumbnails. Safe to run twice."""
    found = Asset.objects.select_related("blob").filter(pk=asset).first()
    if found is not None:  # it may have been deleted for good since
        pictures.examine_asset(asset=found)
