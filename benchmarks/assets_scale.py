"""How much is measured."""

import sys
from dataclasses import dataclass

GROUPS = ("uploads", "downloads", "ranges", "memory", "slow", "gallery", "big")
CONNECTIONS = 2


@dataclass(frozen=True)
class Scale:
    """`rounds` of `seconds` for each operation."""

    rounds: int
    seconds: float
    large_mib: int = 1000
    many_assets: int = 10_000
    few_assets: int = 100


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
