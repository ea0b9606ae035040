"""What may be refused, told as what happened. `config.api` holds the one table from these to HTTP statuses.

Every floor's errors derive from `HoldfastError`, so that each door can catch the whole family by one name.
"""

from typing import Any


class HoldfastError(Exception):
    """A refusal. `message` says what is wrong, where, and what to do; `facts` are its parts for machines."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class InvalidInput(HoldfastError):
    """Something sent is malformed. Facts may name the `field`, the file `name`, or the JSON `pointer`."""


class NotFound(HoldfastError):
    """It does not exist, or the caller may not know that it does."""


class AssetTooLarge(HoldfastError):
    """More bytes than the limit allows. Facts: `limit_bytes`."""


class UnsupportedType(HoldfastError):
    """The bytes are of a kind that is not kept, or not of the kind that their name claims."""


class DigestMismatch(HoldfastError):
    """The bytes that arrived are not the bytes that the sender digested. Facts: `expected`, `received`."""


class BytesMissing(HoldfastError):
    """A store no longer holds bytes that a row promises. `details` are for logs and staff, not for callers."""

    def __init__(self, details: str) -> None:
        super().__init__("The hub cannot find all of this file's bytes just now. Try again; if it stays so, tell its staff.")
        self.details = details


class SandboxFailed(HoldfastError):
    """The child process that read a file died or overran a limit. `details` are for logs and staff, not for callers."""

    def __init__(self, details: str) -> None:
        super().__init__(
            "The file could not be read: its reader failed, or ran out of time or memory. Send a smaller or simpler file."
        )
        self.details = details


class CursorGone(HoldfastError):
    """A place in a list or feed that no longer means anything."""


class KeyReused(HoldfastError):
    """An `Idempotency-Key` that came with another request before."""


class NotAllowed(HoldfastError):
    """The caller may see it, but not do that with it."""


class PreconditionFailed(HoldfastError):
    """It is not, or no longer, what the caller's condition says. A door may add the fact `currentETag`."""


class RangeUnsatisfiable(HoldfastError):
    """Nothing of what a `Range` header asks for is in the file. Facts: `size`."""


class InUse(HoldfastError):
    """Something else is built on it, so it cannot go. Facts: `usedBy`."""


class QuotaExceeded(HoldfastError):
    """The user keeps as much as they may. Facts: `used_bytes`, `max_bytes`, `used_files`, `max_files`."""


class StorageFull(HoldfastError):
    """Hardly any space is left where bytes are kept: what comes is refused before it is begun."""


class StoreUnavailable(HoldfastError):
    """The store that holds or takes bytes does not answer, or failed. Nothing was kept of what was sent."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or "The store that keeps the files does not answer properly. Try again in a moment.")
