"""System checks: bad combinations of settings, each with what to do about it."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.files.storage import storages
from django.db import DatabaseError, connections

from sessions_app.models import Session
from sessions_app.policies import MergePolicy

SHORTEST_SECRET = 50
RANGES = {
    "HOLDFAST_MAX_ASSET_MB": (1, 100_000),
    "HOLDFAST_MAX_DOCUMENT_MB": (1, 1_000),
    "HOLDFAST_QUOTA_MB": (0, 1_000_000_000),
    "HOLDFAST_QUOTA_FILES": (0, 1_000_000_000),
    "HOLDFAST_MIN_FREE_MB": (0, 1_000_000),
    "HOLDFAST_BLOB_GRACE_HOURS": (1, 8_760),
    "HOLDFAST_VERIFY_DAYS": (0, 3_650),
    "HOLDFAST_JOB_LEASE_SECONDS": (1, 86_400),
    "HOLDFAST_TRASH_DAYS": (1, 36_500),
    "HOLDFAST_LEASE_SECONDS": (10, 86_400),
    "HOLDFAST_IDEMPOTENCY_DAYS": (1, 3_650),
    "HOLDFAST_WORKERS": (0, 1_000),
    "PORT": (1, 65_535),
    "WEB_CONCURRENCY": (1, 1_000),
    "WEB_THREADS": (1, 1_000),
}
SQLITE_FULL = 2  # what PRAGMA synchronous answers
FIRST_SOUND_SQLITE = (3, 51, 3)


@register()
def check_blob_store(**_kwargs: Any) -> list[CheckMessage]:
    store = settings.HOLDFAST_BLOB_STORE
    if store in ("database", "filesystem", "s3") and store in storages.backends:
        return []
    hint = "Set HOLDFAST_BLOB_STORE to database or filesystem, or to s3 together with HOLDFAST_S3_BUCKET."
    return [Error(f"HOLDFAST_BLOB_STORE is {store!r}, which is not configured.", hint=hint, id="holdfast.E001")]


@register()
def check_limits(**_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name} is {getattr(settings, name)}; it must be from {least} to {most}.",
            hint="Leave it unset for the default.",
            id="holdfast.E002",
        )
        for name, (least, most) in RANGES.items()
        if not least <= getattr(settings, name) <= most
    ]


@register()
def check_asset_origin(**_kwargs: Any) -> list[CheckMessage]:
    origin = settings.HOLDFAST_ASSET_ORIGIN
    faults = list(_faults_of_origin(origin)) if origin else []
    hint = "Give a name of its own to this server, such as https://assets.example.org, or leave HOLDFAST_ASSET_ORIGIN unset."
    return [Error(f"HOLDFAST_ASSET_ORIGIN is {origin!r}: {fault}.", hint=hint, id="holdfast.E008") for fault in faults]


def _faults_of_origin(origin: str) -> Iterator[str]:
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin):
        yield "that is no origin"
    elif settings.HOLDFAST_HTTPS and not origin.startswith("https:"):
        yield "with HOLDFAST_HTTPS it must be https"
    elif urlsplit(origin).hostname in (
        "localhost",
        "127.0.0.1",
        *(urlsplit(own).hostname for own in settings.CSRF_TRUSTED_ORIGINS),
    ):
        yield "its name is the hub's own, and cookies know no ports"


@register()
def check_redirects(**_kwargs: Any) -> list[CheckMessage]:
    if not settings.HOLDFAST_S3_REDIRECT or "s3" in storages.backends:
        return []
    hint = "Name the bucket in HOLDFAST_S3_BUCKET, or leave HOLDFAST_S3_REDIRECT unset."
    return [Error("HOLDFAST_S3_REDIRECT is true, but there is no bucket to send readers to.", hint=hint, id="holdfast.E009")]


@register()
def check_merging(**_kwargs: Any) -> list[CheckMessage]:
    wrong = [
        f"{kind}={policy}"
        for kind, policy in settings.HOLDFAST_MERGE_POLICY.items()
        if kind not in Session.Kind.values or policy not in list(MergePolicy)
    ]
    faults: list[CheckMessage] = []
    if wrong:
        hint = f"Kinds are {', '.join(Session.Kind.values)}; policies are {', '.join(MergePolicy)}. Example: checklist=auto"
        faults.append(Error(f"HOLDFAST_MERGE_POLICY holds {', '.join(wrong)}.", hint=hint, id="holdfast.E006"))
    if not all(settings.HOLDFAST_MERGE_KEYS):
        hint = "Leave HOLDFAST_MERGE_KEYS unset for device_id,id,row_index."
        faults.append(Error("HOLDFAST_MERGE_KEYS holds an empty name.", hint=hint, id="holdfast.E007"))
    return faults


@register(Tags.security, deploy=True)
def check_secret_key(**_kwargs: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= SHORTEST_SECRET:
        return []
    hint = "Leave SECRET_KEY unset to have one made, or set 50 random characters or more."
    return [Error("SECRET_KEY is too short to be a secret.", hint=hint, id="holdfast.E003")]


@register(Tags.security, deploy=True)
def check_hosts(**_kwargs: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "Name the hosts that people use, such as hub.example.org."
    return [Error("ALLOWED_HOSTS lets any host name in.", hint=hint, id="holdfast.E004")]


@register(Tags.database)
def check_durability(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Asked of the database itself: an acknowledged save must survive a power cut."""
    faults: list[CheckMessage] = []
    for alias in databases or []:
        try:
            faults += _durability_faults(alias)
        except DatabaseError as error:
            text = f"The database {alias!r} could not be asked how it keeps data: {error}"
            faults.append(checks.Warning(text, hint="Is it running, and is DATABASE_URL right?", id="holdfast.W001"))
    return faults


def _durability_faults(alias: str) -> list[CheckMessage]:
    faults: list[CheckMessage] = []
    with connections[alias].cursor() as cursor:
        if connections[alias].vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            wrong = [] if cursor.fetchone()[0] >= SQLITE_FULL else ["synchronous is not FULL"]
            faults += _sqlite_version_faults(sqlite3.sqlite_version_info)
        else:
            wrong = []
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                cursor.execute(f"SHOW {setting}")
                if cursor.fetchone()[0] in ("off", "local"):
                    wrong.append(f"{setting} is off")
    hint = "With this setting a power cut can lose saves that were acknowledged. Turn it on."
    return faults + [Error(f"Database {alias!r}: {fault}.", hint=hint, id="holdfast.E005") for fault in wrong]


def _sqlite_version_faults(version: tuple[int, int, int]) -> list[CheckMessage]:
    """Older releases can, very rarely, damage the file when two processes write and checkpoint at the same moment."""
    if version >= FIRST_SOUND_SQLITE:
        return []
    text = f"SQLite {'.'.join(map(str, version))} has a rare fault with several processes; 3.51.3 is the first without it."
    hint = "For more than a few people use PostgreSQL (DATABASE_URL), or a Python with a newer SQLite. Keep backups."
    return [checks.Warning(text, hint=hint, id="holdfast.W002")]
