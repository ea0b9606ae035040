"""What one process of a race does. Each part has the clients of its process as threads, and gives back their history."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.races.checker import Kind, Operation, Outcome
from tests.races.clients import (
    BUSY,
    CUTS,
    Answer,
    Client,
    Door,
    LostAnswer,
    Question,
    Seen,
    ask_and_vanish,
    ask_as_a_herd,
    attach_of,
    delete_of,
    page_of,
    restore_of,
    save_of,
)
from tests.races.crew import run_threads, wait_for_all

TRIES = 60


@dataclass(frozen=True)
class Part:
    """`clients` clients of process number `process`, each with `steps` things to do, on the sessions `ids`."""

    door: Door
    process: int
    clients: int
    steps: int
    ids: tuple[str, ...]
    seed: int
    expected: int | None = None
    with_keys: bool = False


def stampede(part: Part) -> list[Operation]:
    """Every client saves once, from the same version, at once."""
    client = Client(part.door, f"herd-{part.process}")
    session_id = part.ids[0]
    planned = [_planned(client, session_id, Kind.WRITE, part.expected) for _ in range(part.clients)]
    wait_for_all()
    answers = ask_as_a_herd(part.door, [question for question, _sent in planned])
    for (_question, sent), (began, ended, answer) in zip(planned, answers, strict=True):
        client.note(replace(sent, invoked=began), answer, ended=ended)
    return client.history


def save_after_save(part: Part) -> list[Operation]:
    """Read, add one to the counter, save; whether or not it was accepted, again."""

    def count_up(client: Client, _dice: random.Random) -> None:
        for _ in range(part.steps):
            seen = client.read(part.ids[0])
            if seen is not None:
                client.save(part.ids[0], seen.version, count=seen.document["count"] + 1)

    return _with_clients(part, "saver", count_up)


@dataclass(frozen=True)
class Retried:
    """A save whose client vanished `cuts` times and asked again; `answers` are the first one that it got, and a repetition."""

    operation: Operation
    answers: tuple[Answer, Answer] | None
    cuts: int


def vanish_and_retry(part: Part) -> tuple[list[Operation], list[Retried]]:
    """Save; be gone before the answer, more often than not; ask again until it comes; and then once more."""
    retried: list[Retried] = []

    def vanish(client: Client, dice: random.Random) -> None:
        for _ in range(part.steps):
            retried.append(_retry(client, part, dice))

    return _with_clients(part, "vanisher", vanish), retried


def _retry(client: Client, part: Part, dice: random.Random) -> Retried:
    session_id = dice.choice(part.ids)
    seen = client.read(session_id)
    expected = seen.version if seen else 0
    attempt = client.next_attempt()
    question, digest = save_of(session_id, attempt, expected, key=f"key-{attempt}" if part.with_keys else "")
    cuts = dice.choice((0, 0, 1, 1, 2))
    sent = client.sent(session_id, Kind.WRITE, expected, payload=attempt, digest=digest)
    for _ in range(cuts):
        ask_and_vanish(part.door, question, dice.choice(CUTS))
        time.sleep(dice.choice((0, 0.005, 0.05)))
    answer = ask_until_told(client, question)
    operation = client.note(sent, answer)
    again = ask_until_told(client, question)
    return Retried(operation, (answer, again) if answer and again else None, cuts)


def ask_until_told(client: Client, question: Question) -> Answer | None:
    """The first answer that is more than "later"; None if there is none after many tries."""
    for _ in range(TRIES):
        try:
            answer = client.line.ask(question)
        except LostAnswer:
            continue
        if answer.status not in BUSY or answer.retry_after is None:
            return answer
        time.sleep(min(float(answer.retry_after), 1.0))
    return None


def mix(part: Part) -> tuple[list[Operation], Counter[str]]:
    """Whatever people do, in any order, by what they last saw: saves, patches, deletes, restores, reads. The second: what became
    of files that they attached, of pages that they looked at, and of leases, none of which make versions ("attach 201": 7).
    """
    others: list[str] = []

    def do_things(client: Client, dice: random.Random) -> None:
        known: dict[str, Seen] = {}
        for _ in range(part.steps):
            session_id = dice.choice(part.ids)
            if dice.random() < 0.15:
                others.append(_do_something_else(client, dice, session_id))
            elif session_id not in known or dice.random() < 0.3:
                seen = client.read(session_id)
                if seen is not None:
                    known[session_id] = seen
            elif _do(client, dice, session_id, known[session_id]).outcome is Outcome.OK or dice.random() < 0.7:
                del known[session_id]

    return _with_clients(part, "mixer", do_things), Counter(others)


def _do_something_else(client: Client, dice: random.Random, session_id: str) -> str:
    what = dice.choice(("attach", "page", "lease"))
    if what == "attach":
        return f"attach {client.status_of(attach_of(session_id, client.next_attempt()))}"
    if what == "page":
        return f"page {client.status_of(page_of(session_id, client.door))}"
    return f"lease {client.status_of(Question('POST', f'/api/sessions/{session_id}/lease'))}"


def _do(client: Client, dice: random.Random, session_id: str, seen: Seen) -> Operation:
    """One change. Some make no sense for what was seen, and must be refused."""
    weights = (1, 1, 1, 1, 6) if seen.is_deleted else (10, 6, 2, 1, 1)
    return dice.choices(
        (
            lambda: client.save(session_id, seen.version, count=dice.random()),
            lambda: client.patch(session_id, seen.version, note=dice.random()),
            lambda: client.delete(session_id, seen.version),
            lambda: client.delete(session_id, seen.version, by_header=False),
            lambda: client.restore(session_id, seen.version),
        ),
        weights,
    )[0]()


def skirmish(part: Part) -> list[list[Operation]]:
    """In each round everything at once, all from the version that the session has: what comes second comes too late."""
    client = Client(part.door, f"skirmisher-{part.process}")
    session_id = part.ids[0]
    rounds = []
    wait_for_all()
    for _ in range(part.steps):
        begin = len(client.history)
        seen = client.read(session_id)
        assert seen is not None
        planned = [_planned(client, session_id, kind, seen.version) for kind in [Kind.WRITE, Kind.DELETE, Kind.RESTORE] * 4]
        answers = ask_as_a_herd(part.door, [question for question, _sent in planned])
        for (_question, sent), (began, ended, answer) in zip(planned, answers, strict=True):
            client.note(replace(sent, invoked=began), answer, ended=ended)
        rounds.append(client.history[begin:])
    client.close()
    return rounds


def _planned(client: Client, session_id: str, kind: Kind, expected: int | None) -> tuple[Question, Operation]:
    if kind is Kind.DELETE:
        return delete_of(session_id, expected), client.sent(session_id, kind, expected)
    if kind is Kind.RESTORE:
        return restore_of(session_id, expected), client.sent(session_id, kind, expected)
    attempt = client.next_attempt()
    question, digest = save_of(session_id, attempt, expected)
    return question, client.sent(session_id, kind, expected, payload=attempt, digest=digest)


def pile_on(part: Part) -> list[tuple[int, int, Answer | None]]:
    """The same request with the same key, from all clients at once: a save by the attempt `key of ID`."""
    name = f"key of {part.ids[0]}"
    question, _digest = save_of(part.ids[0], name, part.expected, key=name)
    wait_for_all()
    return ask_as_a_herd(part.door, [question] * part.clients)


def _with_clients(part: Part, name: str, work: Callable[[Client, random.Random], None]) -> list[Operation]:
    clients = [Client(part.door, f"{name}-{part.process}-{number}") for number in range(part.clients)]

    def run(number: int) -> None:
        work(clients[number], random.Random(f"{part.seed} {part.process} {number}"))
        clients[number].close()

    run_threads(run, part.clients)
    return [operation for client in clients for operation in client.history]
