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
    """A store no longer holds bytes that a row promises."""


class StoreUnavailable(HoldfastError):
    """A store of bytes elsewhere does not answer, or not as it should. The same request can work in a moment."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or "The store that keeps the files does not answer properly. Try again in a moment.")


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
