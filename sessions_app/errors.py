"""What may be refused about sessions."""

from assets_app.errors import HoldfastError, InvalidInput


class DocumentTooLarge(HoldfastError):
    """More bytes of JSON than `HOLDFAST_MAX_DOCUMENT_MB`. Facts: `limit_bytes`."""


class VersionRequired(HoldfastError):
    """An existing session is saved without saying which version it was read at. Facts: `currentVersion`."""


class VersionConflict(HoldfastError):
    """Somebody saved first. Raised by doors only, once the losing document is kept.

    Facts: `currentVersion`, `attemptedVersion`, `conflict` (`id` of what was kept).
    """


class UnreadableFile(InvalidInput):
    """A file that is not what the page takes. The message says what it is instead."""
