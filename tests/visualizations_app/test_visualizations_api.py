"""The visualizations' JSON door, in the older clients' shapes."""

from collections.abc import Callable
from uuid import uuid4

from django.contrib.auth.models import User

from assets_app.models import Job
from tests.conftest import Api, assert_refused
from tests.make import make_recording
from visualizations_app.models import Visualization
from visualizations_app.operations import make_picture

ID = "2025-12-14T10_24_07.182Z"


def test_pictures_are_listed_by_session(alice: User, api: Callable[..., Api]) -> None:
    make_recording(by=alice)
    later = make_recording(by=alice, timestamp="2025-12-15T10:24:07.182Z")
    make_picture(visualization=Visualization.objects.get(recording=later))
    answer = api(alice).get("/api/visualizations").json()
    newest, oldest = answer["sessions"]
    assert (answer["count"], answer["total"], answer["totalFiles"]) == (2, 2, 1)
    assert newest["timestamp"] == "2025-12-15T10:24:07.182Z"
    assert oldest["raw_axes_image"] is None
    assert [(v["kind"], v["state"]) for v in newest["visualizations"]] == [("raw_axes", "made")]
    assert api(alice).get(f"/api/visualizations/{newest['visualizations'][0]['id']}").json()["state"] == "made"
    assert newest == newest | {"composite_image": None, "windows": [], "trajectory_comparison_images": {}}
    assert api(alice).get(newest["raw_axes_image"]).status_code == 200


def test_one_session_is_found_in_either_spelling(alice: User, api: Callable[..., Api]) -> None:
    make_recording(by=alice)
    for spelling in (ID, ID.replace("_", ":")):
        answer = api(alice).get(f"/api/visualizations?session={spelling}").json()
        assert answer["found"] is True
        assert answer["session"]["timestamp"] == "2025-12-14T10:24:07.182Z"


def test_an_unknown_session_is_not_found_with_200(alice: User, charlie: User, api: Callable[..., Api]) -> None:
    make_recording(by=alice)
    for user, session in ((alice, "unknown"), (charlie, ID)):
        response = api(user).get(f"/api/visualizations?session={session}")
        assert (response.status_code, response.json()["found"], response.json()["session"]) == (200, False, None)


def test_one_picture_says_what_became_of_it(alice: User, charlie: User, api: Callable[..., Api]) -> None:
    recording = make_recording(by=alice)
    picture = Visualization.objects.get()
    path = f"/api/visualizations/{picture.uuid}"
    waiting = api(alice).get(path).json()
    assert (waiting["state"], waiting["image"], waiting["sha256"], waiting["reason"]) == ("waiting", None, None, None)
    assert waiting["inputs"] == [recording.asset.blob.sha256]
    Job.objects.update(last_error="a passing trouble")
    assert api(alice).get(path).json()["reason"] is None
    Job.objects.update(state=Job.State.DEAD, last_error="for staff", reason="the reason")
    assert api(alice).get(path).json()["reason"] == "the reason"
    make_picture(visualization=picture)
    made = api(alice).get(path).json()
    assert made["state"] == "made"
    assert len(made["sha256"]) == 64
    assert_refused(api(charlie).get(path), 404, "NOT_FOUND")
    assert_refused(api(alice).get(f"/api/visualizations/{uuid4()}"), 404, "NOT_FOUND")
