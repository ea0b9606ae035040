"""Names from outside: what a hostile one would reach, it must not."""

import pytest

from assets_app.errors import InvalidInput
from assets_app.names import check_file_name, check_text, shown


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("photo.png", "photo.png"),
        ("folder/photo.png", "photo.png"),
        ("C:\\folder\\photo.png", "photo.png"),
        ("תלונה.csv", "תלונה.csv"),
        (" spaced name.csv ", "spaced name.csv"),
        ("a" * 251 + ".csv", "a" * 251 + ".csv"),
    ],
)
def test_usable_names_are_kept(raw: str, kept: str) -> None:
    assert check_file_name(raw) == kept


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "/",
        ".",
        "..",
        "../x.json",
        "a/../x.json",
        "..\\x.json",
        "x\r\ny.json",
        "x\0.json",
        "x\x7f.json",
        "exe\u202egnp.json",
        "a" * 300,
    ],
)
def test_hostile_names_are_refused(raw: str) -> None:
    with pytest.raises(InvalidInput):
        check_file_name(raw)


def test_a_dotted_name_is_no_way_out() -> None:
    assert check_file_name("a..b.json") == "a..b.json"


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"U\+D800"):
        check_text("a\ud800", what="name")


def test_hostile_names_are_shown_harmlessly() -> None:
    assert shown("a\r\n\u202eb") == "a\ufffd\ufffd\ufffdb"
    assert len(shown("x" * 5000)) == 80
