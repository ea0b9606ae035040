"""The checked list as CSV: what spreadsheets make of it, and what comes back out of it."""

import csv
import io
from typing import Any

import pytest

from assets_app.spreadsheets import safe_cell
from sessions_app.exports import ExportOptions, checked_csv
from sessions_app.readers.checklists import COLUMNS, read_table
from tests.make import CHECKLIST

CHECKED = ["status", "selected_image_url", "custom_image_url", "checker_notes"]
LIKE_FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\ttext",
    " =1",
    '"=1',
    "'=1",
    ",=1",
    ";=1",
    "|=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    '=HYPERLINK("http://x","y")',
]


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff"), "spreadsheets would take it for another encoding"
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def device(**fields: Any) -> dict[str, Any]:
    return {"device_id": "D1", "product_name": "Forceps"} | fields


def test_a_list_comes_out_as_it_came_in() -> None:
    devices = read_table(CHECKLIST.encode())["devices"]
    text = checked_csv(devices)
    again = read_table(text.encode())
    assert again["columns"][:17] == [*COLUMNS, *CHECKED]
    assert again["devices"] == devices


def test_every_kind_of_cell_survives_the_round_trip() -> None:
    notes = 'a "quoted" word, a comma\na second line\r\na third; ünïcode 図'
    odd: dict[str, Any] = {"list": ["a", "b"], "deep": {"a": [1]}, "nested": [["a"]], "yes": True, "none": None, "number": 1.50}
    row = rows_of(checked_csv([device(checker_notes=notes, **odd)]))[0]
    assert row["checker_notes"] == notes
    assert [row[name] for name in odd] == ["a|b", '{"a": [1]}', '[["a"]]', "true", "", "1.5"]


def test_a_column_that_only_a_later_device_has_is_not_lost() -> None:
    devices = [device(), device(lot="L7"), device(shelf="S1", lot="L8")]
    text = checked_csv(devices)
    header = text[1:].splitlines()[0].split(",")
    assert header == [*COLUMNS, *CHECKED, "lot", "shelf"]
    assert [(row["lot"], row["shelf"]) for row in rows_of(text)] == [("", ""), ("L7", ""), ("L8", "S1")]


@pytest.mark.parametrize("cell", LIKE_FORMULAS)
def test_a_cell_that_looks_like_a_formula_is_text(cell: str) -> None:
    row = rows_of(checked_csv([device(checker_notes=cell)]))[0]
    assert row["checker_notes"].startswith("'")
    assert row["checker_notes"].replace("'", "") == cell.replace("'", "")


@pytest.mark.parametrize(
    ("cell", "safe"), [("a;=1", "a;'=1"), ("a,-1", "a,'-1"), ('a"+1', "a\"'+1"), ("a\n=1", "a\n'=1"), ("a|@b", "a|'@b")]
)
def test_what_would_begin_a_cell_in_a_program_with_other_delimiters_is_text(cell: str, safe: str) -> None:
    assert safe_cell(cell) == safe


@pytest.mark.parametrize(
    "cell", ["Size 5-6", "a@b.example", "1+1=2", "https://a.example/1.jpg?a=b", "'quoted'", "", "10 %", "a, b; c"]
)
def test_ordinary_cells_are_left_alone(cell: str) -> None:
    assert safe_cell(cell) == cell


def test_a_hostile_column_name_is_text() -> None:
    header = checked_csv([device(**{"=cmd()": "x"})])[1:].splitlines()[0]
    assert header.endswith(",'=cmd()")


def test_what_was_rejected_has_no_images() -> None:
    images = {"image_url": "a", "image_urls": ["a", "b"], "selected_image_url": "a", "custom_image_url": "c"}
    rejected, approved = rows_of(checked_csv([device(status="rejected", **images), device(status="approved", **images)]))
    assert [rejected[name] for name in images] == ["", "", "", ""]
    assert [approved[name] for name in images] == ["a", "a|b", "a", "c"]


def test_options_leave_out_what_is_not_wanted() -> None:
    devices = [device(status=status) for status in ("pending", "approved", "skipped", "custom_selected", "rejected", ["odd"])]
    text = checked_csv(devices, ExportOptions(only_completed=True, has_notes=False, has_candidates=False))
    assert [row["status"] for row in rows_of(text)] == ["approved", "custom_selected", "rejected"]
    header = text[1:].splitlines()[0].split(",")
    assert not {"checker_notes", "image_url", "image_urls"} & set(header)
    assert {"selected_image_url", "custom_image_url"} <= set(header)
