"""Readers: every layout that exists is read rightly, and everything else is told what it is."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets_app.sandboxed import Refused
from assets_app.strict_json import JsonRefused
from sessions_app.readers import captures, checklists, files, labels
from sessions_app.readers.captures import find_gaps, read_capture
from tests.make import CHECKLIST, GIT_LFS_POINTER, capture

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def values(read: captures.Capture, name: str) -> Any:
    return next(channel.values for channel in read.channels if channel.name == name)


def test_nested_legacy_arrays_are_read() -> None:
    sample = {"a": {"x": 8192, "y": 0, "z": -4096}, "g": {"x": 11428, "y": 0, "z": 0}, "m": {"x": 6842, "y": 0, "z": 0}, "t": -75}
    read = read_capture([sample, sample])
    assert (read.layout, read.rate_hz, read.time_source, read.duration_s) == ("legacy_nested", 50.0, "declared_rate", 0.02)
    assert (values(read, "ax")[0], values(read, "az")[0], values(read, "gx")[0], values(read, "mx")[0]) == (
        1.0,
        -0.5,
        100.0,
        100.0,
    )


def test_flat_legacy_arrays_are_read() -> None:
    read = read_capture([{"ax": 8192, "gx": 0, "mx": 0, "t": -75}] * 3)
    assert (read.layout, len(read.time)) == ("legacy_flat", 3)
    assert [channel.name for channel in read.channels] == ["ax", "gx", "mx"]
    assert [channel.unit for channel in read.channels] == ["g", "°/s", "µT"]


def test_dt_is_trusted_before_the_declared_rate() -> None:
    read = read_capture(capture(samples=5, dt=[9.0, 0.04, 0.04, 0.05, 0.04]))
    assert read.time_source == "dt"
    np.testing.assert_allclose(read.time, [0, 0.04, 0.08, 0.13, 0.17])


def test_the_device_clock_is_trusted_before_dt() -> None:
    document = capture(samples=4, firmware="0.4.2")
    for index, sample in enumerate(document["samples"]):
        sample |= {"t": 1_000_000 + 38 * index, "temp": 21}
    read = read_capture(document)
    assert read.time_source == "device_clock"
    np.testing.assert_allclose(read.time, [0, 0.038, 0.076, 0.114])


@pytest.mark.parametrize("clock", [[5, 5, 5, 5], [100, 90, 120, 130], [None, 1, 2, 3]])
def test_a_clock_that_does_not_run_is_not_trusted(clock: list[int | None]) -> None:
    document = capture(samples=4, firmware="0.4.2")
    for sample, t in zip(document["samples"], clock, strict=True):
        sample |= {"t": t, "temp": 21}
    read = read_capture(document)
    assert read.time_source == "dt"
    assert any("device clock" in note for note in read.notes)


def test_dt_of_bursts_is_not_trusted_and_that_is_said() -> None:
    read = read_capture(capture(samples=6, dt=[1.29, 0, 0, 0.001, 0, 0]))
    assert (read.time_source, read.duration_s) == ("declared_rate", 5 / 26)
    assert any("bursts" in note for note in read.notes)


def test_before_firmware_0_4_t_is_a_temperature() -> None:
    document = capture(samples=3)
    for sample in document["samples"]:
        sample["t"] = 26.7
    read = read_capture(document)
    assert read.time_source == "dt"
    assert any("temperature" in note for note in read.notes)


def test_the_newer_magnetometer_convention_is_seen_in_the_values() -> None:
    document = capture(samples=2, timestamp="2025-12-01T00:00:00.000Z")
    for sample in document["samples"]:
        sample |= {"mx": 9, "my": 543, "mz": 1024, "mx_ut": 543 / 10.24}
    read = read_capture(document)
    assert values(read, "mx")[0] == pytest.approx(53.0273, abs=1e-3)
    assert values(read, "my")[0] == pytest.approx(-0.8789, abs=1e-3)
    assert values(read, "mz")[0] == pytest.approx(100.0)


@pytest.mark.parametrize(("day", "expected"), [("2025-12-18", 281 / 68.42), ("2025-12-19", -132 / 10.24)])
def test_without_converted_values_the_date_decides(day: str, expected: float) -> None:
    assert values(read_capture(capture(samples=2, timestamp=f"{day}T00:00:00.000Z")), "mx")[0] == pytest.approx(expected)


@pytest.mark.parametrize("timestamp", ["hello", "x" * 500, "9999", None, {"a": 1}])
def test_a_junk_date_decides_nothing(timestamp: Any) -> None:
    read = read_capture(capture(samples=2) | {"timestamp": timestamp})
    assert values(read, "mx")[0] == pytest.approx(281 / 68.42)
    assert any("files without a date" in note for note in read.notes)


@pytest.mark.parametrize("rate", ["26", 0, -5, 1e300, 5e-324, True])
def test_a_rate_that_cannot_be_is_not_called_declared(rate: Any) -> None:
    document = capture(samples=3, dt=[0, 0, 0])
    document["metadata"]["sample_rate"] = rate
    read = read_capture(document)
    assert (read.rate_hz, read.rate_is_declared) == (26.0, False)
    assert any("cannot be" in note and "assumed" in note for note in read.notes)


@pytest.mark.parametrize("dt", [[0.04, 1e308, 1e308, 1e308], [0, 1e11, 1e11, 1e11]])
def test_steps_beyond_all_time_are_not_trusted(dt: list[float]) -> None:
    assert read_capture(capture(samples=4, dt=dt)).time_source == "declared_rate"


@pytest.mark.parametrize("firmware", ["0.\u00b2", "0." + "9" * 5000, "0", "newest", ""])
def test_odd_firmware_versions_are_read_past(firmware: str) -> None:
    document = capture(samples=2, firmware=firmware)
    for sample in document["samples"]:
        sample["t"] = 26.7
    assert read_capture(document).time_source == "dt"


def test_a_byte_order_mark_is_no_text() -> None:
    data = b"\xef\xbb\xbf" + json.dumps(capture(samples=2)).encode()
    assert json.loads(files.main(io.BytesIO(data), ["json", "x.json"]))["samples"] == 2


def test_of_very_many_gaps_the_first_are_listed_and_the_rest_counted() -> None:
    data = json.dumps(capture(samples=6003, dt=[0.01, 0.01, 1.0] * 2001)).encode()
    facts = json.loads(files.main(io.BytesIO(data), ["json", "x.json"]))
    assert len(facts["findings"]) == 1000
    assert "Of 2,001 gaps the first 1,000 are listed." in facts["notes"]


def test_pauses_are_gaps_and_jitter_is_not() -> None:
    jitter = [0.038, 0.02, 0.06, 0.038, 0.09, 0.038] * 10
    time = np.cumsum([0.0, *jitter[:30], 2.5, *jitter[30:], 0.3])
    ((start, end), (_, last)) = find_gaps(time)
    assert end - start == pytest.approx(2.5)
    assert last == time[-1]


def test_missing_values_are_missing_and_not_zero() -> None:
    document = capture(samples=3)
    document["samples"][1]["ax"] = None
    del document["samples"][2]["ax"]
    assert np.isnan(values(read_capture(document), "ax")).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("raw", "layout", "text"),
    [
        ({"start_sample": 0, "end_sample": 4, "gesture": "fist", "confidence": "medium"}, "sidecar", "fist"),
        (
            {
                "start_sample": 0,
                "end_sample": 4,
                "labels": {"pose": "rest", "motion": "static", "calibration": "none", "custom": ["a"]},
            },
            "nested",
            "rest, static, a",
        ),
        (
            {"startIndex": 0, "endIndex": 4, "fingers": {"thumb": "flexed", "index": "unknown"}, "motion": "moving"},
            "flat",
            "moving, thumb flexed",
        ),
    ],
)
def test_all_three_label_layouts_are_read(raw: dict[str, Any], layout: str, text: str) -> None:
    assert labels.read_labels([raw, "junk", {"start_sample": 5, "end_sample": 1}]) == (layout, [labels.Label(0, 4, text)])


@pytest.mark.parametrize(
    ("data", "words", "pointer"),
    [
        (GIT_LFS_POINTER, "Git LFS pointer", None),
        (b"GAMBIT test telemery Fri Nov 24 2023\n", "plain text", None),
        (b'{"version": "2.1"}', "without a 'samples' list", None),
        (b'{"samples": []}', "no samples", "/samples"),
        (b"[]", "empty array", None),
        (b"[1, 2]", "no object", "/0"),
        (b'{"samples": [{"ax": 1}, {"ax": "2"}]}', "Sample 2 has no number for ax", "/samples/1/ax"),
        (b'{"samples": [{"ax": true}]}', "no number", "/samples/0/ax"),
        (b'{"samples": [{"time": 1}]}', "none of the nine motion axes", None),
        (b'[{"ax": ' + b"7" * 99 + b"}]", None, None),
        (b'[{"a": {"x": 1}}, {"a": {"x": []}}]', "no number for a/x", "/1/a/x"),
        (b'{"samples": [{"ax": 1}', "cut off", None),
        (b"", "empty", None),
    ],
)
def test_what_is_no_capture_is_told_what_it_is(data: bytes, words: str | None, pointer: str | None) -> None:
    if words is None:  # odd, but a number
        files.main(io.BytesIO(data), ["json", "x.json"])
        return
    with pytest.raises((Refused, JsonRefused), match=words) as refused:
        files.main(io.BytesIO(data), ["json", "x.json"])
    facts = refused.value.facts if isinstance(refused.value, Refused) else {}
    assert facts.get("pointer") == pointer


def test_facts_hold_no_nan() -> None:
    document = capture(samples=2)
    for sample in document["samples"]:
        sample["gx"] = None
        sample["mx"] = None
    document["samples"][0]["mx"] = 5
    facts = json.loads(files.main(io.BytesIO(json.dumps(document).encode()), ["json", "x.json"]))
    assert [c["name"] for c in facts["channels"]] == ["ax", "ay", "az", "gy", "gz", "mx", "my", "mz"]
    assert facts["channels"][5]["missing"] == 1


def test_a_label_file_is_recognised() -> None:
    answer = files.main(io.BytesIO(b'{"timestamp": "2023-11-24T17:28:29.121Z", "labels": []}'), ["json", "x.meta.json"])
    assert json.loads(answer)["kind"] == "labels"


def test_checklists_are_read_by_their_columns() -> None:
    read = checklists.read_table(CHECKLIST.encode())
    first, second, third = read["devices"]
    assert read["kind"] == "checklist"
    assert first["product_name"] == "Forceps, curved"
    assert first["manufacturer"] == "Müller GmbH"
    assert first["image_urls"] == ["https://a.example/1.jpg", "https://a.example/2.jpg"]
    assert (first["image_url"], second["image_url"], third["image_url"]) == (
        "https://a.example/1.jpg",
        "https://a.example/3.jpg",
        "",
    )
    assert [(d["row_index"], d["batch_id"], d["status"]) for d in read["devices"]] == [
        (0, 1, "pending"),
        (1, 1, "pending"),
        (2, 1, "pending"),
    ]


def test_ten_devices_make_a_batch() -> None:
    rows = "device_id,product_name\n" + "".join(f"D{i},x\n" for i in range(21))
    assert [d["batch_id"] for d in checklists.read_table(rows.encode())["devices"]] == [1] * 10 + [2] * 10 + [3]


def test_other_tables_are_not_taken_for_checklists() -> None:
    text = 'call_id,rule_text\n1,"תלונה, עיקרית"\n2,x\n'
    assert checklists.read_table(text.encode()) == {"kind": "table", "columns": ["call_id", "rule_text"], "rows": 2}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"device_id,product_name\n", "no devices"),
        (b"device_id,product_name\nD1,caf\xe9\n", "not UTF-8"),
        (b"device_id,product_name\nD1,a,b\n", "Line 2 has 3 cells"),
        (b"device_id,product_name\nD1,a\0b\n", "NUL"),
        (b'device_id,product_name\nD1,"A,B\nD2,x\nD3,x\n', "cannot be read"),
        (b'device_id,product_name\nD1,"A"junk\n', "cannot be read"),
        (b"device_id,product_name,product_name\nD1,Left,\n", "stands twice"),
        (b'device_id,product_name\nD1,"' + b"x" * (1024 * 1024 + 1) + b'"\n', "cannot be read"),
    ],
)
def test_broken_checklists_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        checklists.read_table(data)


@pytest.mark.skipif(not REAL.is_dir(), reason="no sample recordings beside this checkout: readers tried on made ones only")
@pytest.mark.parametrize(
    ("name", "samples", "source"),
    [("2025-12-14T10_24_07.182Z.json", 13, "declared_rate"), ("2026-01-09T00_19_50.224Z.json", 2, "dt")],
)
def test_real_captures_are_read(name: str, samples: int, source: str) -> None:
    read = files.read_capture_file((REAL / name).read_bytes())
    assert (len(read.time), read.time_source, len(read.channels)) == (samples, source, 9)
    raw = json.loads((REAL / name).read_text())["samples"][0]
    for axis in ("mx", "my", "mz"):
        assert values(read, axis)[0] == pytest.approx(raw[f"{axis}_ut"])
    assert values(read, "ax")[0] == pytest.approx(raw["ax_g"])
    assert values(read, "gx")[0] == pytest.approx(raw["gx_dps"])
