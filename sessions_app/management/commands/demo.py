"""`manage.py demo`: adds recordings, checklists and other files to look at. What is here already stays as it is."""

import io
from argparse import ArgumentParser
from collections import Counter
from typing import TYPE_CHECKING, Any

import structlog
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from assets_app.errors import HoldfastError
from sessions_app.demo import Item, program
from sessions_app.models import Session, SessionFile
from sessions_app.operations.collect import collect_file
from sessions_app.operations.history import newest_value
from sessions_app.operations.saves import save_version

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
OWNER = "demo"
FEWEST_SAMPLES, MOST_SAMPLES = 20, 200_000
CLEAR_LINE = "\r\x1b[2K"
INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


class Command(BaseCommand):
    help = f"Add demo data, owned by the user '{OWNER}', who cannot sign in. Staff see it. Safe to run twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--captures", type=int, default=12, metavar="N", help="How many recordings (default: 12).")
        parser.add_argument("--samples", type=int, default=520, metavar="N", help="How many samples each has (default: 520).")

    def handle(self, *_args: Any, captures: int, samples: int, **_options: Any) -> None:
        if captures < 0:
            raise CommandError(f"--captures is the number of recordings, 0 or more; it cannot be {captures}.")
        if not FEWEST_SAMPLES <= samples <= MOST_SAMPLES:
            raise CommandError(f"--samples must be from {FEWEST_SAMPLES} to {MOST_SAMPLES}; it cannot be {samples}.")
        done: Counter[str] = Counter()
        try:
            self._add_all(program(recordings=captures, samples=samples), done)
        except HoldfastError as refusal:
            raise CommandError(f"{refusal.message}\n{_in_words(done)}") from None
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. {_in_words(done)}", returncode=INTERRUPTED) from None
        self.stdout.write(_in_words(done))

    def _add_all(self, items: list[Item], done: Counter[str]) -> None:
        """Counts in `done` what was added, by noun, and under "" what was here."""
        on_terminal = self.stdout.isatty()
        owner = _owner()
        try:
            for number, item in enumerate(items, 1):
                if on_terminal:
                    self.stdout.write(f"{CLEAR_LINE}{number}/{len(items)}  {item.name}", ending="")
                    self.stdout.flush()
                is_new = _add(item, owner=owner)
                done[item.noun if is_new else ""] += 1
                if not on_terminal:
                    log.info("demo_item", number=number, of=len(items), file=item.name, is_new=is_new)
        finally:
            if on_terminal:
                self.stdout.write(CLEAR_LINE, ending="")


def _owner() -> "User":
    users = get_user_model().objects
    return users.filter(username=OWNER).first() or users.create_user(username=OWNER)  # without a password: none works


def _add(item: Item, *, owner: "User") -> bool:
    """Collect the file as an upload would be, unless it is here. True if something was added."""
    session = _session_with(item.name, owner=owner) if item.noun != "recording" else None
    is_new = session is None
    if session is None:
        collected = collect_file(io.BytesIO(item.make()), name=item.name, by=owner, batch=item.batch)
        session, is_new = collected.session, not collected.is_repeat
    # Also of a file that was here: the command may have been stopped between its import and the work on it.
    if session.version == 1:
        _work_on(session, item, by=owner)
    return is_new


def _session_with(name: str, *, owner: "User") -> Session | None:
    """By name: encoders may give other bytes on another machine. A recording's digest is looked up by its import."""
    file = SessionFile.objects.filter(session__owner=owner, asset__name=name).select_related("session").first()
    return file.session if file is not None else None


def _work_on(session: Session, item: Item, *, by: "User") -> None:
    with transaction.atomic():
        for based_on, value in item.saves(newest_value(session)):
            save_version(session=session, value=value, based_on=based_on, by=by)


def _in_words(done: Counter[str]) -> str:
    added = [f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in done.items() if noun]
    return f"Added {', '.join(added) or 'nothing'}; {done['']} {'was' if done[''] == 1 else 'were'} here already."
