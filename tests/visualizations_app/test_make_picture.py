"""Making pictures in the background, from the request to the bytes."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from assets_app import storage
from assets_app.errors import SandboxFailed
from assets_app.models import Asset, BlobChunk, Job
from assets_app.operations.jobs import run_again
from tests.make import make_recording
from visualizations_app.models import Visualization
from visualizations_app.operations import make_picture

pytestmark = pytest.mark.django_db(transaction=True)


def work() -> None:
    call_command("work", until_idle=True, interval=0)


def test_the_worker_makes_the_picture(alice: User) -> None:
    make_recording(by=alice)
    work()
    picture = Visualization.objects.get()
    assert picture.state == "made"
    assert picture.image is not None
    assert (picture.image.owner, picture.image.content_type, picture.recipe_version) == (alice, "image/png", 1)
    assert picture.image.name == "raw_axes_2025-12-14T10_24_07.182Z.png"
    assert b"".join(storage.iter_object(picture.image.blob.store, picture.image.blob.key)).startswith(b"\x89PNG")


def test_making_it_twice_keeps_it_once(alice: User) -> None:
    make_recording(by=alice)
    work()
    before = Visualization.objects.get()
    assert before.job is not None
    assert run_again(job=before.job)
    work()
    after = Visualization.objects.get()
    assert after.image == before.image
    assert Asset.objects.count() == 2, "the recording and its picture"


@pytest.mark.damaged
def test_a_recording_whose_bytes_are_gone_fails_with_a_reason(alice: User) -> None:
    recording = make_recording(by=alice)
    BlobChunk.objects.filter(key=recording.asset.blob.key).delete()
    work()
    job = Job.objects.get(task="draw")
    assert (job.state, "is missing or short" in job.last_error) == (Job.State.QUEUED, True)  # the store may be back tomorrow


def test_a_reader_that_dies_is_tried_again(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    make_recording(by=alice)

    def dies(*_args: object, **_kwargs: object) -> bytes:
        raise SandboxFailed("ended with status -11")

    with monkeypatch.context() as patched:
        patched.setattr("assets_app.sandbox.run", dies)
        work()
    job = Job.objects.get(task="draw")
    assert (job.state, job.last_error) == (Job.State.QUEUED, "ended with status -11")
    assert Visualization.objects.get().state == "waiting"


def test_a_picture_is_made_from_the_file_alone(alice: User) -> None:
    make_recording(by=alice)
    picture = Visualization.objects.get()
    make_picture(visualization=picture)
    first = Visualization.objects.select_related("image__blob").get().image
    make_picture(visualization=picture)
    second = Visualization.objects.select_related("image__blob").get().image
    assert first == second
