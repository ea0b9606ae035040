"""JSON that both databases keep alike. What slips through here is kept by one, and lost or refused by the other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets_app.strict_json import JsonRefused, canonical, parse

BAD = {
    "empty": (b"", None),
    "blank": (b"  \n", None),
    "cut off": (b'{"samples": [{"ax": 1}, {"a', None),
    "cut off between values": (b'{"a": [1, 2', None),
    "trailing": (b"{} {}", None),
    "NaN": (b'{"a": NaN}', None),
    "Infinity": (b'{"a": -Infinity}', None),
    "beyond a double": (b'{"a": 1e999}', None),
    "NUL": (b'{"a": {"b~/c": ["x\\u0000y"]}}', "/a/b~0~1c/0"),
    "NUL in a key": (b'{"x\\u0000": 1}', ""),
    "lone surrogate": (b'{"a": "\\ud800"}', "/a"),
    "surrogates in the wrong order": (b'{"a": "\\udc00\\ud800"}', "/a"),
    "5,000 digits": (b'{"a": ' + b"7" * 5000 + b"}", None),
    "5,000 decimals": (b'{"a": 0.' + b"7" * 5000 + b"}", None),
    "depth 5,000": (b"[" * 5000 + b"]" * 5000, None),
    "depth 5,000 of objects": (b'{"a":' * 5000 + b"1" + b"}" * 5000, None),
    "depth 101": (b"[" * 101 + b"]" * 101, "/0" * 100),
    "latin-1": (b'{"a": "caf\xe9"}', None),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), None),
    "repeated key": (b'{"a": 1, "a": 2}', None),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_json_is_refused_with_its_place(name: str) -> None:
    data, pointer = BAD[name]
    with pytest.raises(JsonRefused) as refused:
        parse(data)
    # How deep Python itself reads depends on its version: beyond that there is no place to tell.
    assert refused.value.pointer == pointer or name.startswith("depth 5,000")


def test_a_cut_off_file_is_called_cut_off() -> None:
    with pytest.raises(JsonRefused, match=r"line 1, column 12.*cut off"):
        parse(b'{"a": [1, 2')


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf{}",
        b'{"a": "\\ud83d\\ude00"}',
        '{"a": "😀"}'.encode(),
        b"[" * 100 + b"]" * 100,
        b"-0.0",
        b'"\\\\u0000"',
        b"7" * 100,
    ],
)
def test_unusual_but_sound_json_is_taken(data: bytes) -> None:
    parse(data)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(values)
def test_what_is_accepted_comes_back_the_same(value: Any) -> None:
    text = canonical(value)
    assert parse(text.encode()) == value
    assert canonical(parse(text.encode())) == text


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))
    | values.map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_either_taken_or_refused(data: bytes) -> None:
    try:
        canonical(parse(data)).encode()
    except JsonRefused as refused:
        assert refused.message
