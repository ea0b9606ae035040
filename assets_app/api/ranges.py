"""Which bytes a `Range` header asks for (RFC 9110, section 14). Pure: it knows neither requests nor stores."""

import re
from dataclasses import dataclass

UNIT = "bytes"
MOST_RANGES = 10
# Two parts nearer than this cost more as two parts than the bytes between them do.
NEAR_BYTES = 128
# No file is as large; longer numbers are cut to it, so that nobody's digits are counted at length.
HUGE = 2**63 - 1
SPEC = re.compile(r"(?:([0-9]+)-([0-9]*)|-([0-9]+))")


@dataclass(frozen=True, order=True)
class ByteRange:
    """The bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        return f"{UNIT} {self.start}-{self.stop - 1}/{size}"


def asked_ranges(header: str, size: int) -> list[ByteRange] | None:
    """The ranges to send of a file of `size` bytes, in the order asked for; overlapping and near ones are made one.

    None: the header means nothing here, or asks for more parts than are worth it; the whole file is the answer. An empty
    list: it is well formed, but none of it is in the file.
    """
    unit, equals, listed = header.partition("=")
    if not equals or unit.strip(" \t").lower() != UNIT:
        return None
    specs = [spec for part in listed.split(",") if (spec := part.strip(" \t"))]
    if not 0 < len(specs) <= MOST_RANGES:
        return None
    found: list[ByteRange] = []
    for spec in specs:
        match = SPEC.fullmatch(spec)
        if match is None or _is_reversed(match):
            return None
        if (one := _range(match, size)) is not None:
            found.append(one)
    return _coalesced(found)


def _is_reversed(match: re.Match[str]) -> bool:
    return bool(match[1] and match[2]) and _number(match[2]) < _number(match[1])


def _range(match: re.Match[str], size: int) -> ByteRange | None:
    """None if it has no byte in the file."""
    if match[3]:
        start, stop = max(0, size - _number(match[3])), size
    else:
        start, stop = _number(match[1]), min(size, _number(match[2]) + 1 if match[2] else size)
    return ByteRange(start, stop) if start < stop else None


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return min(int(digits), HUGE) if len(digits) < 20 else HUGE


def _coalesced(ranges: list[ByteRange]) -> list[ByteRange]:
    """Each group stands where the first of its members stood."""
    groups: list[tuple[int, ByteRange]] = []
    for place, one in sorted(enumerate(ranges), key=lambda item: item[1]):
        if groups and one.start <= groups[-1][1].stop + NEAR_BYTES:
            first, last = groups[-1]
            groups[-1] = min(first, place), ByteRange(last.start, max(last.stop, one.stop))
        else:
            groups.append((place, one))
    return [one for _place, one in sorted(groups)]
