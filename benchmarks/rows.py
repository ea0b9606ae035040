"""Very many sessions at once: copies of one row, made inside the database."""

import sqlite3

import psycopg

# What differs from copy to copy; `n` counts. All other columns, also those that later versions add, are those of the template.
# A copy is older than every session that is saved over the API.
POSTGRESQL = {
    "id": "{new_id}",
    "session_id": "'copy-{owner}-' || n",
    "owner_id": "(SELECT id FROM auth_user WHERE username = '{owner}')",
    "updated_at": "timestamptz '2025-01-01 00:00Z' + n * interval '1 second'",
}
SQLITE = {
    "id": "{new_id}",
    "session_id": "'copy-{owner}-' || n",
    "owner_id": "(SELECT id FROM auth_user WHERE username = '{owner}')",
    "updated_at": "strftime('%Y-%m-%d %H:%M:%S.000000', '2025-01-01', '+' || n || ' seconds')",
}


# Where the number of somebody's sessions is kept, it has to be right.
COUNTS = """INSERT INTO session_counts (owner_id, live) SELECT owner_id, count(*) FROM sessions WHERE deleted_at IS NULL
    GROUP BY owner_id ON CONFLICT (owner_id) DO UPDATE SET live = excluded.live"""


def copy_session(url: str, *, table: str, template: str, owner: str, count: int) -> None:
    """Add `count` copies of the row whose session_id is `template`, as sessions of `owner`."""
    if url.startswith("sqlite:///"):
        _copy_in_sqlite(url.removeprefix("sqlite:///"), table, template, owner, count)
    else:
        _copy_in_postgresql(url, table, template, owner, count)


def _copy_in_postgresql(url: str, table: str, template: str, owner: str, count: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        columns = connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
        ).fetchall()
        new_id = "gen_random_uuid()" if ("id", "uuid") in columns else f"nextval(pg_get_serial_sequence('{table}', 'id'))"
        copy = _statement(table, [name for name, _type in columns], POSTGRESQL, new_id=new_id, owner=owner)
        connection.execute(f"{copy} CROSS JOIN generate_series(1, {count}) AS counted(n) WHERE session_id = '{template}'")
        if table == "sessions":
            connection.execute(COUNTS)
        connection.execute(f"VACUUM ANALYZE {table}")  # as the server itself would, a minute later


def _copy_in_sqlite(path: str, table: str, template: str, owner: str, count: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None, timeout=20)
    columns = [(name, kind) for _, name, kind, *_rest in connection.execute(f"PRAGMA table_info({table})")]
    new_id = "lower(hex(randomblob(16)))" if ("id", "char(32)") in columns else "NULL"
    numbers = f"WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count})"
    copy = _statement(table, [name for name, _type in columns], SQLITE, new_id=new_id, owner=owner)
    insert, _, select = copy.partition(" SELECT ")
    connection.execute(f"{insert} {numbers} SELECT {select} CROSS JOIN counted WHERE session_id = '{template}'")
    if table == "sessions":
        connection.execute(COUNTS)
    connection.close()


def _statement(table: str, columns: list[str], differing: dict[str, str], **words: str) -> str:
    values = [differing.get(column, f'"{column}"').format(**words) for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table}"
