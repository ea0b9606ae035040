"""Device checklists: a CSV of medical devices whose images are to be judged, 10 to a batch."""

import csv
import io
from typing import Any

from assets_app.sandboxed import Refused

COLUMNS = (
    "product_name", "manufacturer", "manuf_number", "gmdn_terms", "device_id", "search_query", "image_query",
    "manual_query", "official_product_name", "image_url", "image_urls", "manual_url", "manual_urls",
)  # fmt: skip
LISTS = ("image_urls", "manual_urls")
BATCH_SIZE = 10
MAX_CELL = 1024 * 1024


def read_table(data: bytes, delimiter: str = ",") -> dict[str, Any]:
    """`{"kind": "checklist", "devices": [..], "columns": [..]}`; for other CSVs `{"kind": "table", "rows": n, "columns": [..]}`.

    Raises:
        Refused: not UTF-8, no rows, or a line that does not fit its header.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(
            f"This CSV is not UTF-8: byte {error.start + 1} cannot be read. Save it as 'CSV UTF-8' and send it again."
        ) from None
    if "\0" in text:
        raise Refused("This CSV holds a NUL character. Was it cut off while it was written?")
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        is_checklist = "device_id" in header and bool({"product_name", "manufacturer"} & set(header))
        if not is_checklist:
            return {"kind": "table", "columns": header[:500], "rows": sum(1 for row in reader if any(row))}
        _refuse_repeated(header)
        devices = [_device(index, row) for index, row in enumerate(_rows(reader, header))]
    except csv.Error as error:
        raise Refused(f"Line {reader.line_num} of this CSV cannot be read: {error}.") from None
    if not devices:
        raise Refused("This checklist has a header but no devices.")
    return {"kind": "checklist", "columns": header, "devices": devices}


def _refuse_repeated(header: list[str]) -> None:
    seen: set[str] = set()
    for column in filter(None, header):
        if column in seen:
            raise Refused(f"The column '{column[:60]}' stands twice in the header; one of the two would be lost. Rename one.")
        seen.add(column)


def _rows(reader: Any, header: list[str]) -> Any:
    for row in reader:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if any(cells[len(header) :]):
            raise Refused(
                f"Line {reader.line_num} has {len(cells)} cells, but the header has {len(header)}. "
                "Put cells that contain commas into quotes."
            )
        yield dict(zip(header, cells, strict=False))


def _device(index: int, row: dict[str, str]) -> dict[str, Any]:
    """Missing columns are empty, unknown ones stay in the file; the first of several images stands for the device."""
    device: dict[str, Any] = {column: row.get(column, "") for column in COLUMNS}
    for column in LISTS:
        device[column] = [part.strip() for part in device[column].split("|") if part.strip()]
    if not device["image_url"] and device["image_urls"]:
        device["image_url"] = device["image_urls"][0]
    return device | {"row_index": index, "batch_id": index // BATCH_SIZE + 1, "status": "pending"}
