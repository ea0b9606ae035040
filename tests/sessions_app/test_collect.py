"""Collecting: a dropped file becomes what it is, whole, or is refused and leaves nothing."""

import io
import json

import pytest
from django.contrib.auth.models import User

from assets_app.errors import HoldfastError, NotFound
from assets_app.models import Asset, Blob, BlobChunk, Job, PendingObject
from sessions_app.models import Recording, Session, SessionActivity, SessionFile
from sessions_app.operations.collect import Collected, collect_file
from sessions_app.operations.history import newest_value
from tests.make import CHECKLIST, GIT_LFS_POINTER, PNG, capture_bytes, make_session
from visualizations_app.models import Visualization

NAME = "2025-12-14T10_24_07.182Z.json"


def collect(data: bytes, name: str, by: User, **where: str) -> Collected:
    return collect_file(io.BytesIO(data), name=name, by=by, **where)


def test_a_capture_becomes_a_session_with_its_recording_and_plot(alice: User) -> None:
    collected = collect(capture_bytes(samples=52), NAME, alice)
    session = Session.objects.get()
    recording = session.recordings.get()
    assert collected == Collected("recording", session)
    assert (session.session_id, session.kind, session.status, session.owner) == (
        "2025-12-14T10_24_07.182Z",
        "capture",
        "completed",
        alice,
    )
    assert (recording.samples, recording.time_source, len(recording.channels)) == (52, "dt", 9)
    assert recording.duration_s == pytest.approx(51 / 26, abs=1e-5)
    assert recording.started_at is not None
    assert recording.started_at.isoformat() == "2025-12-14T10:24:07.182000+00:00"
    assert session.files.get().role == "recording"
    assert newest_value(session)["metadata"]["device"] == "GAMBIT"
    picture = Visualization.objects.get()
    assert (picture.session, picture.kind, picture.state) == (session, "raw_axes", "waiting")
    assert picture.job is not None
    assert picture.job.state == Job.State.QUEUED


def test_the_same_capture_again_is_the_same_session(alice: User) -> None:
    first = collect(capture_bytes(), NAME, alice)
    again = collect(capture_bytes(), "another name.json", alice)
    assert (again.session, again.is_repeat) == (first.session, True)
    assert (Session.objects.count(), Asset.objects.count(), Visualization.objects.count()) == (1, 1, 1)


def test_two_recordings_of_one_millisecond_are_both_kept(alice: User, charlie: User) -> None:
    first = collect(capture_bytes(samples=10), NAME, alice)
    second = collect(capture_bytes(samples=11), NAME, alice)
    third = collect(capture_bytes(samples=10), NAME, charlie)
    ids = {c.session.session_id for c in (first, second, third)}
    assert len(ids) == 3
    assert all(i.startswith("2025-12-14T10_24_07.182Z") for i in ids)
    assert Blob.objects.count() == 2


def test_a_legacy_array_takes_its_time_from_its_name(alice: User) -> None:
    array = json.dumps([{"ax": 1}, {"ax": 2}]).encode()
    assert collect(array, "2023-11-24T16_09_13.804Z.json", alice).session.session_id == "2023-11-24T16_09_13.804Z"
    assert collect(array.replace(b"2", b"3"), "walk.json", alice).session.session_id.startswith("capture_")


def test_a_checklist_becomes_a_session_of_its_devices(alice: User) -> None:
    session = collect(CHECKLIST.encode(), "devices.csv", alice).session
    assert (session.kind, session.session_name, session.device_count, session.total_batches) == ("checklist", "devices", 3, 1)
    assert session.session_id.startswith("session_")
    assert session.files.get().role == "checklist"
    assert newest_value(session)["devices"][0]["device_id"] == "D1"


def test_labels_become_a_new_version_of_their_recording(alice: User) -> None:
    collect(capture_bytes(), NAME, alice)
    sidecar = {"timestamp": "2025-12-14T10:24:07.182Z", "labels": [{"start_sample": 0, "end_sample": 9, "gesture": "fist"}]}
    session = collect(json.dumps(sidecar).encode(), "2025-12-14T10_24_07.182Z.meta.json", alice).session
    session.refresh_from_db()
    assert session.version == 2
    assert newest_value(session)["labels"][0]["gesture"] == "fist"


def test_labels_without_their_recording_are_refused(alice: User) -> None:
    with pytest.raises(HoldfastError, match="Send the recording first"):
        collect(b'{"timestamp": "2025-12-14T10:24:07.182Z", "labels": []}', "x.meta.json", alice)
    assert not Asset.objects.exists()


def test_other_files_of_one_visit_share_a_session(alice: User) -> None:
    first = collect(PNG, "a.png", alice, batch="visit1")
    second = collect(b"words", "b.txt", alice, batch="visit1")
    third = collect(b"more words", "c.txt", alice, batch="visit2")
    assert first.session == second.session != third.session
    assert (first.what, second.what) == ("image", "data")
    assert first.session.files.count() == 2


def test_a_file_can_be_added_to_a_session(alice: User) -> None:
    session = make_session(by=alice)
    assert collect(PNG, "a.png", alice, session_id="checks-1").session == session
    log = SessionActivity.objects.filter(action="attached").get()
    assert log.metadata["name"] == "a.png"


def test_a_file_cannot_be_added_to_somebody_elses_session(alice: User, charlie: User) -> None:
    make_session(by=alice)
    with pytest.raises(NotFound):
        collect(PNG, "a.png", charlie, session_id="checks-1")
    assert not Asset.objects.exists()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", NAME),
        (capture_bytes()[:-20], NAME),
        (PNG, NAME),
        (GIT_LFS_POINTER, NAME),
        (b"GAMBIT test telemery", NAME),
        (b'{"samples": [{"ax": NaN}]}', NAME),
        (b'{"samples": [{"ax": 1, "note": "\\u0000"}]}', NAME),
        (b'{"samples": [{"ax": 1, "note": "\\ud800"}]}', NAME),
        (b'{"samples": [{"ax": ' + b"7" * 5000 + b"}]}", NAME),
        (b"[" * 5000 + b"]" * 5000, NAME),
        (b'{"samples": [{"ax": 1, "note": "caf\xe9"}]}', NAME),
        (capture_bytes(), "../" + NAME),
        (capture_bytes(), "a\r\nb.json"),
        (capture_bytes(), "x" * 300 + ".json"),
        (b"device_id,product_name\nD1,a,b\n", "devices.csv"),
        (b"<svg onload='alert(1)'/>", "drawing.svg"),
    ],
)
def test_of_a_refused_file_nothing_remains(alice: User, data: bytes, name: str) -> None:
    with pytest.raises(HoldfastError) as refused:
        collect(data, name, alice)
    assert len(refused.value.message) > 20
    for model in (Session, SessionFile, SessionActivity, Recording, Asset, Blob, BlobChunk, PendingObject, Job, Visualization):
        assert not model._default_manager.exists(), model


def test_a_failure_in_the_middle_leaves_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recording.objects, "create", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        collect(capture_bytes(), NAME, alice)
    for model in (Session, SessionFile, SessionActivity, Asset, Blob, BlobChunk, PendingObject, Job):
        assert not model._default_manager.exists(), model


def test_a_time_with_very_many_decimals_is_no_id(alice: User) -> None:
    timestamp = "2025-12-14T10:24:07." + "1" * 300 + "Z"
    assert collect(capture_bytes(timestamp=timestamp), "x.json", alice).session.session_id.startswith("capture_")


def test_a_time_that_never_was_is_kept_as_text_only(alice: User) -> None:
    session = collect(capture_bytes(timestamp="2025-02-31T10:24:07.182Z"), "x.json", alice).session
    assert session.recordings.get().started_at is None
