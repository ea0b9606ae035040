"""A checklist, and its form as a browser has it."""

import re
from typing import Any

from django.contrib.auth.models import User

from sessions_app.models import Session
from sessions_app.operations.history import newest_value
from tests.make import make_session

URL = "/sessions/checks-1/"
IMAGE = "https://images.example/front.jpg"


def checklist(by: User, count: int = 23, **fields: Any) -> Session:
    devices = [
        {
            "product_name": f"Device {index}",
            "manufacturer": "Acme",
            "device_id": f"D{index}",
            "image_url": IMAGE,
            "image_urls": [IMAGE, "https://images.example/back.jpg"],
            "status": "pending",
            "weight": 1.0,
        }
        for index in range(count)
    ]
    return make_session(by=by, devices=devices, filename="ward 7.csv", current_batch=2, **fields)


def device(session: Session, index: int) -> dict[str, Any]:
    session.refresh_from_db()
    found: dict[str, Any] = newest_value(session)["devices"][index]
    return found


def form_of(response: Any) -> dict[str, str]:
    """What a browser would send back of the page's form, were nothing touched."""
    text = response.content.decode()
    form = text[text.index('id="editor"') : text.index("</form>", text.index('id="editor"'))]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    fields |= dict(re.findall(r'type="radio" name="([^"]+)" data-field="\w+" value="([^"]*)" checked', form))
    fields |= dict.fromkeys(re.findall(r'name="(d\d+-custom_image_url)"', form), "")
    fields |= dict(re.findall(r'<textarea rows="2" name="([^"]+)"[^>]*>\n([^<]*)</textarea>', form))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form):
        fields[name] = re.findall(r'value="([^"]*)" selected', options)[0]
    return fields
