"""How large the races are: small in every test run, large with `RACES=big` (`make races`)."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Numbers of clients, and of what each does. `processes` hold the clients as threads."""

    processes: int
    herd: int
    savers: int
    saves: int
    sessions: int
    mixed: int
    vanishing: int
    rounds: int
    attaches: int
    same_key: int = 32


SMALL = Sizes(processes=2, herd=48, savers=8, saves=12, sessions=4, mixed=400, vanishing=80, rounds=6, attaches=150)
BIG = Sizes(
    processes=4, herd=1_000, savers=64, saves=160, sessions=50, mixed=50_000, vanishing=5_000, rounds=200, attaches=10_000
)


def is_big() -> bool:
    return os.environ.get("RACES") == "big"


def sizes() -> Sizes:
    return BIG if is_big() else SMALL
