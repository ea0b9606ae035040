"""Pictures inside pages of the floors below, which know nothing of pictures."""

from typing import Any

from django import template

from sessions_app.models import Session
from visualizations_app.models import Visualization
from visualizations_app.recipes import RECIPES

register = template.Library()


@register.inclusion_tag("visualizations_app/session_pictures.html")
def session_pictures(session: Session) -> dict[str, Any]:
    """The pictures of one session: those that are made, and those that are on their way."""
    found = Visualization.objects.filter(session=session).select_related("job", "image__blob").order_by("kind")
    pictures = [{"visualization": v, "title": RECIPES[v.kind].title, "state": v.state} for v in found]
    return {"pictures": pictures, "session": session}
