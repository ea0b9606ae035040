"""Statements of the busiest paths: on PostgreSQL parsed and planned once a connection, not once a request."""

from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

Parameters = tuple[Any, ...] | dict[str, Any]


def fetch_one(sql: str, parameters: Parameters) -> tuple[Any, ...] | None:
    """The first row. `sql` is the same text every time; what varies is in the parameters."""
    with _executed(sql, parameters) as cursor:
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def execute(sql: str, parameters: Parameters) -> int:
    """How many rows were changed."""
    with _executed(sql, parameters) as cursor:
        return int(cursor.rowcount)


def _executed(sql: str, parameters: Parameters) -> Any:
    if connection.vendor != "postgresql" or not settings.HOLDFAST_PREPARED_STATEMENTS:
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        return cursor
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        prepared: psycopg.Cursor[Any] = psycopg.Cursor(connection.connection)
        prepared.execute(sql, parameters, prepare=True)
        return prepared
