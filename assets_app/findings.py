"""What auditors find, on every floor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be.

    `is_repairable`: it is a copy, or there is a good copy of it, and it can be made anew from there. `mend`, where it is given,
    tries to, and says whether it is right now; without it the auditor's own `repair` does.
    """

    invariant: str
    subject: str
    message: str
    is_repairable: bool = False
    mend: Callable[[], bool] | None = field(default=None, compare=False, repr=False)

    def told(self) -> dict[str, Any]:
        return {
            "invariant": self.invariant,
            "subject": self.subject,
            "message": self.message,
            "is_repairable": self.is_repairable,
        }
