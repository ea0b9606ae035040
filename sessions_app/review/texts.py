"""Two texts compared piece by piece, and long ones shortened around what differs."""

import difflib
import re
from dataclasses import dataclass
from typing import Literal

TOKENS = re.compile(r"[^\W\d_]+|\d+|\s+|.", re.DOTALL)
MOST_CHARACTERS = 100_000
MOST_COMPARED = 10_000
LEAST_ALIKE = 0.4
SHOWN = 400
AROUND = 60
WHOLE = 20_000


@dataclass(frozen=True)
class Piece:
    """Part of a text: the same as before, added, deleted, or what another text differs about."""

    kind: Literal["same", "ins", "del", "about"]
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """How `after` came of `before`, word by word. Of texts that have little in common, only `after`."""
    if before == after or max(len(before), len(after)) > MOST_CHARACTERS:
        return [Piece("same", after)]
    old, new = TOKENS.findall(before), TOKENS.findall(after)
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    changes = _changes(old[start : len(old) - end], new[start : len(new) - end])
    found = [Piece("same", "".join(old[:start])), *changes, Piece("same", "".join(old[len(old) - end :]))]
    same = sum(_weight(piece.text) for piece in found if piece.kind == "same")
    if 2 * same < LEAST_ALIKE * (_weight(before) + _weight(after)):
        return [Piece("same", after)]
    return [piece for piece in found if piece.text]


def _changes(old: list[str], new: list[str]) -> list[Piece]:
    """The same of what stands between the shared beginning and end. If it is long, as one change: finding more takes too long."""
    codes = [("replace", 0, len(old), 0, len(new))]
    if len(old) * len(new) <= MOST_COMPARED:
        codes = list(difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes())
    found: list[Piece] = []
    for kind, old_from, old_to, new_from, new_to in codes:
        if kind == "equal":
            found.append(Piece("same", "".join(new[new_from:new_to])))
        else:
            found += [Piece("del", "".join(old[old_from:old_to])), Piece("ins", "".join(new[new_from:new_to]))]
    return found


def _shared(one: list[str], other: list[str]) -> int:
    """How many tokens both begin with."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _weight(text: str) -> int:
    """How much it says: blanks say nothing."""
    return len("".join(text.split()))


def around(text: str, others: list[list[Piece]]) -> list[Piece]:
    """A text, from how others came of it: the places that differ are told apart, so that shortening spares them."""
    spans: list[tuple[int, int]] = []
    for parts in others:
        place = 0
        for part in parts:
            length = 0 if part.kind == "ins" else len(part.text)
            if part.kind != "same":
                spans.append((place, place + length))
            place += length
    found, end = [], 0
    for start, stop in sorted(spans):
        if start > end:
            found.append(Piece("same", text[end:start]))
        if stop > end:
            found.append(Piece("about", text[max(start, end) : stop]))
        end = max(end, stop)
    return [*found, Piece("same", text[end:])] if end < len(text) else found


def shortened(parts: list[Piece]) -> list[Piece]:
    """Of a long text what changed and some of what stands around it; at most about twice `SHOWN` characters."""
    if sum(len(part.text) for part in parts) <= SHOWN:
        return parts
    kept: list[Piece] = []
    room = SHOWN
    for index, part in enumerate(parts):
        text = part.text
        if part.kind == "same" and len(parts) > 1:
            text = _cut(text, is_first=index == 0, is_last=index == len(parts) - 1)
        if len(text) > room:
            kept.append(Piece(part.kind, text[:room] + "…"))
            break
        kept.append(Piece(part.kind, text))
        room -= len(text)
    return kept


def _cut(text: str, *, is_first: bool, is_last: bool) -> str:
    """The beginning and the end of it, cut between words."""
    if len(text) <= 2 * AROUND:
        return text
    start = "" if is_first else text[:AROUND].rpartition(" ")[0] or text[:AROUND]
    end = "" if is_last else text[-AROUND:].partition(" ")[2] or text[-AROUND:]
    return f"{start} … {end}"


def whole(text: str) -> str:
    """All of it, unless that would fill the page."""
    return text if len(text) <= WHOLE else f"{text[:WHOLE]}\n… {len(text) - WHOLE:,} more characters"
