"""Two texts compared piece by piece, and long ones shortened around what differs."""

import difflib
import re
from dataclasses import dataclass
from typing import Literal

TOKENS = re.compile(r"[^\W\d_]+|\d+|\s+|.", re.DOTALL)
MOST_TOKENS = 1500
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
    old, new = TOKENS.findall(before), TOKENS.findall(after)
    if before == after or len(old) > MOST_TOKENS or len(new) > MOST_TOKENS:
        return [Piece("same", after)]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if _share_of_words(matcher, old, new) < LEAST_ALIKE:
        return [Piece("same", after)]
    found: list[Piece] = []
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(new[new_from:new_to])))
            continue
        if old_to > old_from:
            found.append(Piece("del", "".join(old[old_from:old_to])))
        if new_to > new_from:
            found.append(Piece("ins", "".join(new[new_from:new_to])))
    return found


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


def _share_of_words(matcher: "difflib.SequenceMatcher[str]", old: list[str], new: list[str]) -> float:
    """How much of both texts is the same, from 0 to 1. Blanks say nothing."""
    same = sum(not token.isspace() for block in matcher.get_matching_blocks() for token in old[block.a : block.a + block.size])
    words = sum(not token.isspace() for token in (*old, *new))
    return 2 * same / words if words else 1.0


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
