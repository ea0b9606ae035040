"""Which bytes a `Range` header asks for. A wrong answer here damages a resumed download, or a film that is wound forward."""

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets_app.api.ranges import MOST_RANGES, NEAR_BYTES, ByteRange, asked_ranges

pytestmark = pytest.mark.no_database

SIZE = 1000


def pairs(header: str, size: int = SIZE) -> list[tuple[int, int]] | None:
    found = asked_ranges(header, size)
    return None if found is None else [(one.start, one.stop) for one in found]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-499", [(0, 500)]),
        ("bytes=999-", [(999, 1000)]),
        ("bytes=-1", [(999, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=500-99999", [(500, 1000)]),
        ("bytes=000000000000000000000000000000007-8", [(7, 9)]),
        (f"bytes=5-{2**63}", [(5, 1000)]),
        (f"bytes=5-{'9' * 4000}", [(5, 1000)]),
        (f"bytes=-{'9' * 4000}", [(0, 1000)]),
        ("BYTES = 0-1 ,\t3-4 , ", [(0, 5)]),
        ("bytes=,,0-1,,", [(0, 2)]),
        ("bytes=0-1,500-501", [(0, 2), (500, 502)]),
        # In the order asked for: whoever asks for the end first needs the end first.
        ("bytes=900-,0-9", [(900, 1000), (0, 10)]),
        ("bytes=0-9,400-409,5-20", [(0, 21), (400, 410)]),
        ("bytes=0-9,5000-", [(0, 10)]),
    ],
)
def test_what_is_asked_for(header: str, expected: list[tuple[int, int]]) -> None:
    assert pairs(header) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", f"bytes={2**63}-", f"bytes={'9' * 4000}-", "bytes=-0", "bytes=1000-,-0"])
def test_nothing_of_it_is_there(header: str) -> None:
    assert pairs(header) == []


@pytest.mark.parametrize(
    "header",
    [
        "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=5-1", "bytes=0-1,5-1", "bytes=a-b", "bytes=1-2-3", "bytes=1 - 2",
        "bytes=+1-2", "bytes=1.0-2", "bytes=٣-٤", "lines=1-2", "bytes 0-1", "bytes=0x1-2", "bytes=0-1;", "bytes=0-1,bytes=2-3",
        f"bytes={'9' * 30}-5",
    ],
)  # fmt: skip
def test_what_means_nothing_is_answered_with_the_whole_file(header: str) -> None:
    assert pairs(header) is None


def test_a_thousand_overlapping_ranges_cost_no_more_than_the_file() -> None:
    assert pairs("bytes=" + ",".join(f"{n}-" for n in range(1000))) is None
    assert pairs("bytes=" + ",".join(f"{n}-" for n in range(MOST_RANGES))) == [(0, SIZE)]


def test_an_empty_file_has_no_ranges() -> None:
    assert pairs("bytes=0-", 0) == pairs("bytes=-5", 0) == []


Spec = tuple[int | None, int | None]


def check(size: int, specs: list[Spec]) -> None:
    """Every byte asked for comes, and little else."""
    data = random.Random(size).randbytes(size)
    found = asked_ranges("bytes=" + ",".join(f"{'' if a is None else a}-{'' if b is None else b}" for a, b in specs), size)
    if any(a is not None and b is not None and b < a for a, b in specs):
        assert found is None
        return
    assert found is not None
    wanted = [data[-b:] if b else b"" for a, b in specs if a is None and b is not None]
    wanted += [data[a:] if b is None else data[a : b + 1] for a, b in specs if a is not None]
    parts = [data[one.start : one.stop] for one in found]
    assert all(any(piece in part for part in parts) for piece in wanted if piece)
    assert bool(found) == any(wanted)
    assert all(0 <= one.start < one.stop <= size for one in found)
    assert all(b.start - a.stop > NEAR_BYTES for a, b in pairwise(sorted(found)))
    assert sum(map(len, found)) <= sum(map(len, wanted)) + NEAR_BYTES * len(specs)


@st.composite
def asked(draw: st.DrawFn) -> tuple[int, list[Spec]]:
    size = draw(st.integers(1, 3000))
    number = st.integers(0, size + 50)
    span = st.tuples(number, st.one_of(st.none(), number)) | st.tuples(st.none(), number)
    return size, draw(st.lists(span, min_size=1, max_size=MOST_RANGES))


@settings(max_examples=200, deadline=None)
@given(asked())
def test_every_byte_asked_for_comes_and_little_else(case: tuple[int, list[Spec]]) -> None:
    check(*case)


def test_five_thousand_ranges() -> None:
    chance = random.Random(20261121)
    for _ in range(1250):
        size = chance.randrange(1, 5000)
        specs: list[Spec] = []
        for _ in range(4):
            start, stop = sorted((chance.randrange(size + 20), chance.randrange(size + 20)))
            specs.append(chance.choice([(start, stop), (start, stop), (start, None), (None, stop)]))
        check(size, specs)


@given(st.text(max_size=60))
def test_no_header_is_a_fault(header: str) -> None:
    asked_ranges(header, SIZE)
    asked_ranges(f"bytes={header}", SIZE)


def test_what_is_told_of_a_part() -> None:
    assert ByteRange(0, 1).content_range(5) == "bytes 0-0/5"
    assert re.fullmatch(r"bytes \d+-\d+/\d+", ByteRange(2, 5).content_range(5))
