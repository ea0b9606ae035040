"""Demo data: believable files that the hub reads like everybody else's, added once however often they are asked for."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import av
import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from assets_app import kinds
from sessions_app.demo import Item, captures, checklists, environment, program
from sessions_app.management.commands import demo as command
from sessions_app.models import Conflict, Recording, Session, SessionFile
from sessions_app.operations.collect import collect_file
from sessions_app.operations.history import bytes_of, newest_value
from sessions_app.readers.captures import Capture
from sessions_app.readers.checklists import COLUMNS, read_table
from sessions_app.readers.files import read_capture_file

ITEMS = {item.name: item for item in program(recordings=2, samples=600)}


@cache
def made(name: str) -> bytes:
    return ITEMS[name].make()


OLD, NEW = (read_capture_file(made(captures.file_name(index))) for index in (0, 1))


def field_of(capture: Capture, quantity: str) -> np.ndarray:
    return np.column_stack([channel.values for channel in capture.channels if channel.quantity == quantity])


@pytest.mark.parametrize("name", list(ITEMS))
def test_the_same_item_has_the_same_bytes_so_that_a_second_run_adds_nothing(name: str) -> None:
    assert ITEMS[name].make() == made(name)


def test_each_generation_of_firmware_is_read_by_its_own_conventions() -> None:
    facts = [(c.firmware, c.layout, c.time_source, c.label_layout, len(c.time)) for c in (OLD, NEW)]
    assert facts == [("0.3.6", "2.1", "dt", "nested", 600), ("0.4.2", "2.1", "device_clock", "flat", 600)]
    assert any("68.42 LSB/µT (as the file's own" in note for note in OLD.notes)
    assert any("10.24 LSB/µT with x and y exchanged (as the file's own" in note for note in NEW.notes)


@pytest.mark.parametrize("capture", [OLD, NEW], ids=["0.3.6", "0.4.2"])
def test_a_hand_at_rest_weighs_one_g_in_a_field_of_the_earth(capture: Capture) -> None:
    assert np.median(np.linalg.norm(field_of(capture, "acceleration"), axis=1)) == pytest.approx(1.0, abs=0.03)
    assert np.linalg.norm(field_of(capture, "magnetic field"), axis=1).mean() == pytest.approx(50, abs=8)


@pytest.mark.parametrize("capture", [OLD, NEW], ids=["0.3.6", "0.4.2"])
def test_the_field_turns_as_the_gyroscope_says(capture: Capture) -> None:
    """A sign or an axis exchanged between sensors would make the demo useless for looking at orientation."""
    step = np.diff(capture.time)
    rate, field = np.radians(field_of(capture, "angular rate")), field_of(capture, "magnetic field")
    rate, middle = (rate[1:] + rate[:-1]) / 2, (field[1:] + field[:-1]) / 2
    expected, seen = -np.cross(rate, middle) * step[:, None], np.diff(field, axis=0)
    clear = (step < 0.1) & (np.linalg.norm(rate, axis=1) > np.radians(50))  # what is slower drowns in noise
    assert np.corrcoef(expected[clear].ravel(), seen[clear].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("capture", [OLD, NEW], ids=["0.3.6", "0.4.2"])
def test_captures_have_jitter_gaps_and_labels_that_lie_within_them(capture: Capture) -> None:
    steps = np.diff(capture.time)
    assert np.median(steps) == pytest.approx(1 / 26, abs=0.002)
    assert steps[steps < 0.1].std() > 0.001
    assert capture.gaps
    assert len(capture.labels) >= 4
    assert all(label.end_sample < len(capture.time) for label in capture.labels)


def test_the_shortest_capture_is_a_capture() -> None:
    assert len(read_capture_file(program(recordings=1, samples=20)[0].make()).time) == 20


def test_recordings_never_begin_at_the_same_time() -> None:
    assert len({captures.file_name(index) for index in range(2000)}) == 2000


@pytest.mark.parametrize("checklist", checklists.CHECKLISTS, ids=lambda checklist: checklist.file_name)
def test_a_checklist_has_a_hundred_devices_in_thirteen_columns(checklist: checklists.Checklist) -> None:
    data = made(checklist.file_name)
    assert next(csv.reader(io.StringIO(data.decode()))) == list(COLUMNS)
    devices = read_table(data)["devices"]
    assert len({device["device_id"] for device in devices}) == 100
    assert any("," in device["product_name"] for device in devices)
    assert not data.isascii()
    assert all("example.org/" in url for device in devices for url in device["image_urls"])


def test_the_week_of_readings_has_a_gap_and_a_silent_sensor() -> None:
    rows = list(csv.DictReader(io.StringIO(made(environment.FILE_NAME).decode())))
    times = [datetime.fromisoformat(row["time"]) for row in rows]
    steps = {after - before for before, after in pairwise(times)}
    assert steps == {timedelta(minutes=1), timedelta(minutes=181)}
    assert sum(not row["lux"] for row in rows) == len(environment.OUTAGE)
    assert all(row["temp"] for row in rows)


@pytest.mark.parametrize("item", [item for item in ITEMS.values() if item.batch == "demo-media"], ids=lambda item: item.name)
def test_media_are_of_the_kind_that_their_names_claim(item: Item) -> None:
    kind = kinds.sniff(made(item.name), item.name)
    assert kind.type == {"picture": "image", "sound": "audio", "video": "video"}[item.noun]


def test_the_video_is_one_that_browsers_play() -> None:
    data = made("bouncing-balls.mp4")
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frames = [(frame.width, frame.height) for frame in container.decode(stream)]
    assert frames == [(320, 240)] * 60
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command adds, without the items that take long and differ in nothing from others."""
    names = (captures.file_name(0), "ward-disposables.csv", "theatre-instruments.csv", "test-chart.webp", "chord-in-d.wav")
    monkeypatch.setattr(command, "program", lambda **numbers: [i for i in program(**numbers) if i.name in names])


def run(**options: int) -> str:
    out = io.StringIO()
    call_command("demo", stdout=out, **options)
    return out.getvalue().strip()


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_a_second_run_adds_nothing() -> None:
    assert run(captures=1, samples=40) == "Added 1 recording, 2 checklists, 1 picture, 1 sound; 0 were here already."
    before = (Session.objects.count(), SessionFile.objects.count(), Conflict.objects.count())
    assert run(captures=1, samples=40) == "Added nothing; 5 were here already."
    assert (Session.objects.count(), SessionFile.objects.count(), Conflict.objects.count()) == before == (4, 5, 1)
    owner = get_user_model().objects.get(username="demo")
    assert not owner.has_usable_password()
    assert Recording.objects.get(session__owner=owner).samples == 40


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_checklists_that_a_stopped_run_left_untouched_are_gone_through_by_the_next() -> None:
    owner = get_user_model().objects.create_user(username="demo")
    item = ITEMS["ward-disposables.csv"]
    collect_file(io.BytesIO(item.make()), name=item.name, by=owner)
    assert run(captures=0) == "Added 1 checklist, 1 picture, 1 sound; 1 was here already."
    ward, theatre = (Session.objects.get(filename=f"{name}.csv") for name in ("ward-disposables", "theatre-instruments"))
    assert (ward.version, ward.versions.count()) == (5, 5)
    assert (theatre.version, float(theatre.progress_percentage)) == (6, 100.0)
    assert sum(device["status"] != "pending" for device in newest_value(ward)["devices"]) == 45


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_one_save_lost_to_another_and_staff_find_it_as_a_conflict() -> None:
    run(captures=0)
    conflict = Conflict.objects.get()
    assert (conflict.session.filename, conflict.base_version, conflict.current_version) == ("ward-disposables.csv", 3, 5)
    kept = json.loads(bytes_of(conflict, conflict.session_id))
    mine, theirs = kept["devices"], newest_value(conflict.session)["devices"]
    differing = [index for index, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b]
    assert any(mine[index]["status"] != "pending" == theirs[index]["status"] for index in differing)
    assert any(theirs[index]["status"] != "pending" == mine[index]["status"] for index in differing)


@pytest.mark.django_db
def test_two_saves_that_fit_together_wait_to_be_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "program", lambda **_numbers: [ITEMS["clinic-devices.csv"]])
    run(captures=0)
    assert Conflict.objects.get().severity == Conflict.Severity.SOFT


@pytest.mark.parametrize(("option", "value"), [("captures", -1), ("samples", 19), ("samples", 200_001)])
def test_impossible_numbers_are_refused_by_name(option: str, value: int) -> None:
    with pytest.raises(CommandError, match=f"--{option} .* cannot be {value}"):
        run(**{option: value})


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_files_over_the_limit_end_the_command_in_words(settings: Settings) -> None:
    settings.HOLDFAST_MAX_ASSET_MB = 1
    with pytest.raises(CommandError, match=r"too large.*\nAdded nothing"):
        run(captures=1, samples=1000)


@pytest.mark.django_db
def test_ctrl_c_leaves_whole_items_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_rng: object) -> bytes:
        raise KeyboardInterrupt

    items = [ITEMS["test-chart.webp"], replace(ITEMS["chord-in-d.wav"], maker=stopped)]
    monkeypatch.setattr(command, "program", lambda **_numbers: items)
    with pytest.raises(CommandError, match=r"Stopped\. Added 1 picture; 0 were here already") as stop:
        run(captures=0)
    assert stop.value.returncode == 130
    assert SessionFile.objects.count() == 1
