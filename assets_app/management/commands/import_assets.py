"""`manage.py import_assets DIR`: takes over what the older asset server kept."""

import sqlite3
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from assets_app.names import shown
from assets_app.operations.imports import Verdict, import_asset
from assets_app.operations.older import OlderAsset, OlderDatabase, assets_of_folder

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_LINE = 1000
INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


class Command(BaseCommand):
    help = (
        "Import the files of the older asset server, DIR/<id>.<format>, under their ids. With --db, what its database says of "
        "them is kept, too. Files whose id and bytes are here are skipped, so it can be run again; nothing is overwritten."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="The folder of its files.")
        parser.add_argument("--db", type=Path, metavar="scenes.db", help="Its SQLite database. It is only read.")
        parser.add_argument(
            "--owner", default="", metavar="USER", help="Whose they become, where nobody here is named like their user_id."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be imported.")

    def handle(self, *_args: Any, folder: Path, db: Path | None, owner: str, dry_run: bool, **_options: Any) -> None:
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        if db is None and not owner:
            raise CommandError("Say with --owner whose the files are to be: only a database could tell.")
        by = _user(owner) if owner else None
        done: Counter[Verdict] = Counter()
        try:
            if db is None:
                self._import_all(assets_of_folder(folder), by, dry_run, done)
            else:
                self._import_database(db, folder, by, dry_run, done)
        except KeyboardInterrupt:
            raise CommandError(f"Stopped; run it again for the rest. {_in_words(done)}", returncode=INTERRUPTED) from None
        self.stdout.write(_in_words(done) + (" Nothing was written: this was a dry run." if dry_run else ""))
        if done[Verdict.REFUSED] + done[Verdict.CONFLICT] + done[Verdict.FAILED]:
            raise CommandError("Not everything was imported. Every line above says why.")

    def _import_database(self, db: Path, folder: Path, by: "User | None", dry_run: bool, done: Counter[Verdict]) -> None:
        try:
            with closing(OlderDatabase(db, folder)) as older:
                self._import_all(older.assets(), by, dry_run, done)
                if files := older.files_without_row():
                    self.stdout.write(f"{files} files of the folder are in no row. Import them without --db if they are wanted.")
        except sqlite3.Error as failure:
            words = f"{db} cannot be read as the older server's database: {shown(str(failure))}."
            raise CommandError(f"{words} {_in_words(done)}") from None

    def _import_all(
        self, assets: Iterator[OlderAsset | str] | Iterator[OlderAsset], by: "User | None", dry_run: bool, done: Counter[Verdict]
    ) -> None:
        for older in assets:
            if isinstance(older, str):
                label, verdict, words = "", Verdict.REFUSED, older
            else:
                label, (verdict, words) = older.label, import_asset(older, owner=by, dry_run=dry_run)
            done[verdict] += 1
            self.stdout.write(shown(f"{verdict:12}  {label}  {words}", LONGEST_LINE))


def _user(name: str) -> "User":
    model = get_user_model()
    found = model.objects.filter(**{model.USERNAME_FIELD: name}).first()
    if found is None:
        raise CommandError(f"There is no user named {name!r}. Make one with: manage.py createsuperuser")
    return found


def _in_words(done: Counter[Verdict]) -> str:
    refused = done[Verdict.REFUSED] + done[Verdict.CONFLICT]
    return (
        f"Summary: {done[Verdict.IMPORTED]} imported, {done[Verdict.HERE]} already here, "
        f"{refused} refused, {done[Verdict.FAILED]} failed."
    )
