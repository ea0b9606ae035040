"""Assets of the older server become ours: under their ids, with their names and dates. What is here is never overwritten."""

import hashlib
import json
import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from assets_app import kinds, sandbox, storage
from assets_app.errors import HoldfastError, InvalidInput, SandboxFailed, StorageFull, StoreUnavailable, UnsupportedType
from assets_app.models import Asset
from assets_app.names import BIDI_CONTROLS, MAX_NAME_LENGTH, check_file_name, shown
from assets_app.operations.intake import MAX_TAGS, Intake, fill, store_asset
from assets_app.operations.older import OlderAsset

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ANY_SIZE = 2**62  # what the older server took is taken
LONGEST_TAG, LONGEST_ID = 100, 255
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS = 1e11  # a number of seconds since 1970 that is larger than this one counts milliseconds


class Verdict(StrEnum):
    IMPORTED = "imported"
    HERE = "already here"
    REFUSED = "refused"
    # An asset of this id is here, with other bytes.
    CONFLICT = "conflict"
    FAILED = "failed"


@dataclass
class Fitted:
    """What is known of an older asset, so that it can be kept here, and in `notes` what was changed for that."""

    name: str
    kind: kinds.Kind
    claimed_name: str
    tags: list[str]
    client_id: str
    campaign_id: str
    uploaded_at: datetime
    notes: list[str] = field(default_factory=list)


def import_asset(older: OlderAsset, *, owner: "User | None", dry_run: bool = False) -> tuple[Verdict, str]:
    """One asset by itself; in words what became of it. Nothing is raised that is about this asset alone.

    Args:
        owner: whose it becomes if nobody here is named like its `user_id`.
        dry_run: only find out.
    """
    try:
        return _import(older, owner, dry_run)
    except (StoreUnavailable, StorageFull) as failure:
        return Verdict.FAILED, failure.message
    except SandboxFailed as failure:
        return Verdict.FAILED, failure.details
    except HoldfastError as refusal:
        return Verdict.REFUSED, refusal.message
    except (OSError, sqlite3.Error, DatabaseError) as failure:
        if isinstance(failure, DatabaseError) and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return Verdict.FAILED, f"{type(failure).__name__}: {failure}"


def _import(older: OlderAsset, owner: "User | None", dry_run: bool) -> tuple[Verdict, str]:
    if (known := _known(older)) is not None:
        return _compared(known, older)
    by, notes = _owner_of(older, owner)
    try:
        fitted = _tried(older) if dry_run else _stored(older, by)
    except IntegrityError:
        if (known := _known(older)) is None:
            raise
        return _compared(known, older)  # somebody else imports the same just now
    words = "; ".join([f"'{shown(fitted.name)}' of {by.get_username()}", *notes, *fitted.notes])
    return Verdict.IMPORTED, words


def _known(older: OlderAsset) -> Asset | None:
    return Asset.objects.select_related("blob").filter(pk=older.asset_id).first()


def _compared(known: Asset, older: OlderAsset) -> tuple[Verdict, str]:
    digest = hashlib.sha256()
    for piece in _pieces(older):
        digest.update(piece)
    if digest.hexdigest() != known.blob.sha256:
        return Verdict.CONFLICT, f"'{shown(known.name)}' has this id, and other bytes; it stays as it is"
    return Verdict.HERE, f"'{shown(known.name)}'{' is in the trash' if known.deleted_at else ''}"


def _stored(older: OlderAsset, by: "User") -> Fitted:
    intake = Intake(limit_bytes=ANY_SIZE)
    try:
        with older.open() as file:
            fill(intake, file)
        fitted = _fitted(older, intake.head, intake.tail, intake.size_bytes)
        store_asset(
            intake,
            name=fitted.claimed_name,
            shown_as=fitted.name,
            by=by,
            tags=fitted.tags,
            client_id=fitted.client_id,
            campaign_id=fitted.campaign_id,
            beyond_quota=True,
            asset_id=older.asset_id,
            uploaded_at=fitted.uploaded_at,
        )
    finally:
        intake.discard()
    return fitted


def _tried(older: OlderAsset) -> Fitted:
    """As far as it goes without keeping anything."""
    head, tail, size = b"", b"", 0
    for piece in _pieces(older):
        head = head if len(head) >= kinds.SNIFF_BYTES else (head + piece)[: kinds.SNIFF_BYTES]
        tail = (tail + piece[-kinds.TAIL_BYTES :])[-kinds.TAIL_BYTES :]
        size += len(piece)
    fitted = _fitted(older, head, tail, size)
    if fitted.kind.check:
        sandbox.run(fitted.kind.check, file=_pieces(older))
    return fitted


def _pieces(older: OlderAsset) -> Iterator[bytes]:
    with older.open() as file:
        while piece := file.read(storage.CHUNK_BYTES):
            yield piece


def _owner_of(older: OlderAsset, default: "User | None") -> tuple["User", list[str]]:
    user_id = older.text("user_id")
    model = get_user_model()
    named = model.objects.filter(**{model.USERNAME_FIELD: user_id}).first() if user_id and "\0" not in user_id else None
    if named is not None:
        return named, []
    if default is None:
        raise InvalidInput(f"Nobody here is named '{shown(user_id)}'. Say whose it is to be with --owner.")
    return default, [f"nobody here is named '{shown(user_id)}'"] if user_id else []


def _fitted(older: OlderAsset, head: bytes, tail: bytes, size: int) -> Fitted:
    """
    Raises:
        InvalidInput, UnsupportedType: it cannot be kept at all.
    """
    if not size:
        raise InvalidInput("It is empty (0 bytes).")
    notes: list[str] = []
    raw = older.text("name") or (older.path.name if older.path is not None else "")
    name = _fitting_name(raw, older.id)
    kind, claimed_name = _kind_of(name, older.text("format"), head, tail, size)
    name = _agreeing(name, kind)
    if name != raw:
        notes.append(f"its name was '{shown(raw)}'")
    declared = (("type", older.text("asset_type"), {kind.type}), ("format", older.text("format"), {*kind.extensions}))
    notes += [f"its {what} was '{shown(said)}'" for what, said, right in declared if said and said.lower() not in right]
    return Fitted(
        name=name,
        kind=kind,
        claimed_name=claimed_name,
        tags=_tags(older.text("tags"), notes),
        client_id=_plain(older.text("client_id"), LONGEST_ID, "client id", notes),
        campaign_id=_plain(older.text("campaign_id"), LONGEST_ID, "campaign id", notes),
        uploaded_at=_moment(older, notes),
        notes=notes,
    )


def _kind_of(name: str, format_: str, head: bytes, tail: bytes, size: int) -> tuple[kinds.Kind, str]:
    """What the bytes are, and a name that they agree with. Of formats that bytes do not tell apart, name and row have a say."""
    declared = [f"file.{format_.lower()}"] if format_.lower() in kinds.BY_EXTENSION else []
    is_told = kinds.extension_of(name) in kinds.BY_EXTENSION
    for claimed in [name, *declared] if is_told else [*declared, name]:
        try:
            return kinds.sniff(head, claimed, tail=tail, size=size), claimed
        except UnsupportedType:
            continue
    return kinds.sniff(head, "file", tail=tail, size=size), "file"


def _agreeing(name: str, kind: kinds.Kind) -> str:
    try:
        kinds.agreed(kind, name)
    except UnsupportedType:
        return _shortened(f"{PurePosixPath(name).stem}.{kind.format}")
    return name


def _fitting_name(raw: str, otherwise: str) -> str:
    name = _shortened(_cleaned(raw.replace("\\", "/").rstrip("/").split("/")[-1]))
    try:
        return check_file_name(name)
    except InvalidInput:
        return otherwise


def _shortened(name: str) -> str:
    suffix = PurePosixPath(name).suffix[-20:]
    return name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - len(suffix)] + suffix


def _cleaned(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") and c not in BIDI_CONTROLS).strip()


def _plain(text: str, max_length: int, what: str, notes: list[str]) -> str:
    plain = _cleaned(text)[:max_length]
    if plain != text:
        notes.append(f"its {what} was '{shown(text)}'")
    return plain


def _tags(text: str, notes: list[str]) -> list[str]:
    if not text:
        return []
    try:
        listed: Any = json.loads(text)
    except (ValueError, RecursionError):
        listed = text.split(",")
    words = [str(tag) for tag in listed if isinstance(tag, str | int | float)] if isinstance(listed, list) else []
    cleaned = [_cleaned(word)[:LONGEST_TAG] for word in words]
    tags = [tag for tag in dict.fromkeys(cleaned) if tag][:MAX_TAGS]
    if tags != listed:
        notes.append(f"its tags were {shown(text)}")
    return tags


def _moment(older: OlderAsset, notes: list[str]) -> datetime:
    """When it was uploaded; if nothing says so, when its file was written, or now."""
    said = older.text("uploaded_at")
    found = _parsed(said)
    if found is not None and EARLIEST <= found <= timezone.now() + timedelta(days=1):
        return found
    if said:
        notes.append(f"its time of upload was '{shown(said)}'")
    if older.path is not None and older.path.is_file():
        return datetime.fromtimestamp(min(older.path.stat().st_mtime, timezone.now().timestamp()), tz=UTC)
    return timezone.now()


def _parsed(text: str) -> datetime | None:
    try:
        if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
            seconds = float(text)
            return datetime.fromtimestamp(seconds / 1000 if seconds > MILLISECONDS else seconds, tz=UTC)
        found = parse_datetime(text)
        return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
    except (ValueError, OverflowError, OSError):
        return None
