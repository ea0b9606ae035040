"""Runs in the sandbox: rows and columns of a Parquet file, from its footer."""

import importlib
import json
from typing import Any, BinaryIO

from assets_app.facts.tables import names
from assets_app.sandboxed import Refused

MAX_FOOTER_PART = 10_000_000


def prepare(_args: list[str]) -> None:
    """Arrow is large and few files need it: it is imported in the child that reads one, and not beside every server."""
    importlib.import_module("pyarrow.parquet")


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with a JSON object of facts."""
    return json.dumps(read(file)).encode()


def read(file: BinaryIO) -> dict[str, Any]:
    """`rows`, `columnCount`, `columns`: at most 200 names of 200 characters.

    Raises:
        Refused: it is no Parquet file.
    """
    parquet = importlib.import_module("pyarrow.parquet")
    try:
        metadata = parquet.ParquetFile(
            file, thrift_string_size_limit=MAX_FOOTER_PART, thrift_container_size_limit=MAX_FOOTER_PART // 10
        ).metadata
        found = [metadata.schema.column(n).path for n in range(min(metadata.num_columns, 200))]
        facts = {"rows": metadata.num_rows, "columnCount": metadata.num_columns}
    except MemoryError:
        raise
    except Exception:  # hostile bytes make the parser raise nearly anything
        raise Refused("The file cannot be read as parquet.") from None
    return facts | {"columns": names(found)}
