"""Statements of the busiest paths: on PostgreSQL parsed and planned once a connection, not once a request."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)
Parameters = tuple[Any, ...] | dict[str, Any]


def fetch_one(sql: str, parameters: Parameters, *, binary: bool = False) -> tuple[Any, ...] | None:
    """The first row. `sql` is the same text every time; what varies is in the parameters.

    Args:
        binary: have PostgreSQL send the row as it stores it: bytes are not spelt out as text.
    """
    with _executed(sql, parameters, binary) as cursor:
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def execute(sql: str, parameters: Parameters) -> int:
    """How many rows were changed."""
    with _executed(sql, parameters) as cursor:
        return int(cursor.rowcount)


def instance(model: type[M], names: tuple[str, ...], row: tuple[Any, ...]) -> M:
    """A model's instance from a row of these columns, in the order of its own fields. Others are read when they are asked for."""
    if connection.vendor != "postgresql":  # whose driver gives values that need no conversion
        row = tuple(convert(value) for convert, value in zip(_converters(model, names), row, strict=True))
    found: M = model.from_db(connection.alias, names, row)
    return found


@cache
def _converters(model: type[Model], names: tuple[str, ...]) -> list[Callable[[Any], Any]]:
    fields = [field for field in model._meta.concrete_fields if field.attname in names]
    return [_converter(field) for field in fields]


def _converter(field: Any) -> Callable[[Any], Any]:
    """As the ORM would convert it."""
    kind = field.target_field.get_internal_type() if field.is_relation else field.get_internal_type()
    operations: Any = connection.ops
    if kind == "DateTimeField":
        return lambda value: operations.convert_datetimefield_value(value, None, connection)
    if kind == "UUIDField":
        return lambda value: operations.convert_uuidfield_value(value, None, connection)
    if kind == "DecimalField":
        place = Decimal(1).scaleb(-field.decimal_places)
        return lambda value: None if value is None else Decimal(str(value)).quantize(place)
    if kind == "BooleanField":
        return bool
    return lambda value: value


def _executed(sql: str, parameters: Parameters, binary: bool = False) -> Any:
    if connection.vendor != "postgresql" or not settings.HOLDFAST_PREPARED_STATEMENTS:
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        return cursor
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        prepared: psycopg.Cursor[Any] = psycopg.Cursor(connection.connection)
        prepared.execute(sql, parameters, prepare=True, binary=binary)
        return prepared
