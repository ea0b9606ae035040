"""What may be refused about sessions."""

from typing import Any, Self

from assets_app.errors import HoldfastError, InvalidInput


class DocumentTooLarge(HoldfastError):
    """More bytes of JSON than `HOLDFAST_MAX_DOCUMENT_MB`. Facts: `limit_bytes`."""


class VersionRequired(HoldfastError):
    """An existing session is changed without saying which version it was read at. Facts: `currentVersion`."""

    @classmethod
    def of(cls, current: int) -> Self:
        return cls(
            f"This session exists at version {current}. Send the version that you changed as _version, or in If-Match, "
            "so that nobody's work is overwritten.",
            currentVersion=current,
        )


class VersionConflict(HoldfastError):
    """Somebody saved first. Raised by doors only, once the losing document is kept.

    Facts: `currentVersion`, `attemptedVersion`, `conflict` (`id` and `url` of what was kept), `changes`.
    """


class VersionMoved(HoldfastError):
    """Something other than a save was asked of an older version: nothing was lost, and nothing done. Facts: `currentVersion`."""

    @classmethod
    def of(cls, current: int, attempted: int) -> Self:
        return cls(
            f"The session has moved on to version {current}; you asked about version {attempted}. Look at it again, then decide.",
            currentVersion=current,
            attemptedVersion=attempted,
        )


class SessionDeleted(HoldfastError):
    """It is in the trash. Facts: `deletedAt`, `daysRemaining`, `currentVersion`."""


class Leased(HoldfastError):
    """Somebody else has the session open, and the caller asked to respect that. Facts: `lockedBy`, `lockedAt`, `expiresAt`."""

    @classmethod
    def by(cls, lease: Any) -> Self:
        return cls(
            f"{lease.user.get_username()} has this session open. Try again later, or ask them.",
            lockedBy=lease.user.get_username(),
            lockedAt=lease.since.isoformat().replace("+00:00", "Z"),
            expiresAt=lease.expires_at.isoformat().replace("+00:00", "Z"),
        )


class PatchFailed(HoldfastError):
    """A patch that does not fit the version that it was made for. Facts: `operation`, its number in the patch."""


class AlreadySettled(HoldfastError):
    """A conflict that somebody settled before. Facts: `state`."""


class UnreadableFile(InvalidInput):
    """A file that is not what the page takes. The message says what it is instead."""
