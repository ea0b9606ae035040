"""Taking down, and putting up again, what keeps the log and the versions from being changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.db import connection

from assets_app.guarded import writing

migration = import_module("sessions_app.migrations.0002_append_only")


class Statements:
    """As much of a schema editor as the migration needs, also inside a transaction."""

    connection = connection

    def execute(self, sql: str, params: Any = None) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # checks that wait for the end of the transaction hold the tables
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(sql)


@contextmanager
def guards_down() -> Iterator[None]:
    """As somebody with power over the database could have it."""
    migration.unguard(None, Statements())
    with writing():
        yield
    migration.guard(None, Statements())
