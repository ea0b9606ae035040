"""`manage.py prepare`: everything that must be there before serving: tables, static files, a first admin."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

# Half of the static files belong to an API page that is not served here.
UNUSED = ["redoc"]


class Command(BaseCommand):
    help = "Create or update the tables, collect the static files, and make a first admin. Does only what is not done yet."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self._migrate()
        self._collect_static()
        self._make_first_admin()

    def _migrate(self) -> None:
        try:
            executor = MigrationExecutor(connection)
        except OperationalError as error:
            raise CommandError(f"The database does not answer. Is it running, and is DATABASE_URL right?\n{error}") from None
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database")
            call_command("migrate", interactive=False, verbosity=0)

    def _collect_static(self) -> None:
        if digest := uncollected():
            self.stdout.write("Collecting static files")
            collect(digest)

    def _make_first_admin(self) -> None:
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return
        password = secrets.token_urlsafe(12)
        users.create_superuser(username="admin", password=password)
        self.stdout.write(f"\nMade a first admin. This is shown once:\n  name      admin\n  password  {password}\n")


def uncollected() -> str:
    """The digest of static files that are not collected yet; "" if all are."""
    digest = _static_digest()
    stamp = _static_stamp()
    return "" if stamp.exists() and stamp.read_text() == digest and settings.STATIC_ROOT.exists() else digest


def collect(digest: str) -> None:
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=UNUSED)
    _static_stamp().write_text(digest)


def _static_stamp() -> Path:
    stamp: Path = settings.DATA_DIR / "static.sha256"
    return stamp


def _static_digest() -> str:
    """Of the names, sizes and times of all static files: reading them all would be slow."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path)}\n".encode())
    return digest.hexdigest()
