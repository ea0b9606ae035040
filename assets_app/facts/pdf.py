"""Runs in the sandbox: how many pages a PDF has. No page is looked at."""

import json
import logging
from typing import Any, BinaryIO

import pypdf
import pypdf.filters  # imported by pypdf when it meets a packed object; in the sandbox that is too late

from assets_app.sandboxed import Refused

MAX_PAGES = 1_000_000
# It talks of what it repairs.
logging.getLogger("pypdf").disabled = True


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with a JSON object of facts."""
    return json.dumps(read(file)).encode()


def read(file: BinaryIO) -> dict[str, Any]:
    """`encrypted`, and `pageCount` unless encryption hides it.

    Raises:
        Refused: it is no PDF.
    """
    try:
        reader = pypdf.PdfReader(file)
        facts: dict[str, Any] = {"encrypted": reader.is_encrypted}
    except MemoryError:
        raise
    except Exception:  # hostile bytes make the parser raise nearly anything
        raise Refused("The file cannot be read as pdf.") from None
    try:
        # As the root of the pages tells it: walking through them would read all of a large file.
        count = reader.trailer["/Root"]["/Pages"]["/Count"]  # type: ignore[index]  # whatever is missing is caught
    except MemoryError:
        raise
    except Exception:
        return facts
    return facts | ({"pageCount": int(count)} if isinstance(count, int) and 0 <= count <= MAX_PAGES else {})
