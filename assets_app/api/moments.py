"""Times as JSON has them."""

from datetime import datetime
from typing import overload


@overload
def moment(value: datetime) -> str: ...
@overload
def moment(value: None) -> None: ...
@overload
def moment(value: datetime | None) -> str | None: ...
def moment(value: datetime | None) -> str | None:
    """ISO 8601 with `Z`. Everything that the database gives is UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")
