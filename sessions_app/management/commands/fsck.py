"""`manage.py fsck`: is everything that was accepted still here, and as it was?"""

import json
import secrets
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assets_app.findings import Finding
from assets_app.models import Asset, Blob
from assets_app.operations.audit import audit_objects, audit_rows, repair_rows
from sessions_app.models import Session, SessionActivity, SessionVersion
from sessions_app.operations.audit import audit, one_moment, repair

FINENESS = 1_000_000


class Command(BaseCommand):
    help = (
        "Check every session, version, conflict, log entry, asset and stored object against the others. "
        "Status 1 if something is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="Make wrong copies anew (counts, what is searched, tags), replace damaged bytes from a good copy, "
            "and have objects that nothing knows deleted after the time of grace.",
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="One JSON object instead of words.")
        parser.add_argument("--session", default="", help="Only the session of this id; no assets.")
        parser.add_argument("--verify-bytes", action="store_true", help="Read the bytes, and compare them with their digests.")
        parser.add_argument("--sample", type=_share, default=1.0, metavar="PERCENT", help="With --verify-bytes: only 1%%, say.")

    def handle(self, *_args: Any, as_json: bool, session: str, verify_bytes: bool, **options: Any) -> None:
        verify = _every(options["sample"] if verify_bytes else 0.0)
        rows, objects = _wrong_rows(session), [] if session else list(audit_objects(verify=verify))
        repaired: list[Finding] = []
        if options["repair"]:
            if any(finding.is_repairable for finding in rows):
                repair()
                repair_rows()
                found, rows = rows, _wrong_rows(session)
                repaired = [finding for finding in found if finding not in rows]
            mended = [finding for finding in objects if finding.mend is not None and finding.mend()]
            objects = [finding for finding in objects if finding not in mended]
            repaired += mended
        findings = rows + objects
        if as_json:
            self.stdout.write(json.dumps(_report(findings, repaired), indent=2))
        else:
            self._tell(findings, repaired)
        if findings:
            raise CommandError(f"{len(findings)} findings. Keep the database as it is, and restore from a backup beside it.")

    def _tell(self, findings: list[Finding], repaired: list[Finding]) -> None:
        for finding in repaired:
            self.stdout.write(f"repaired  {finding.invariant}  {finding.subject}: {finding.message}")
        for finding in findings:
            hint = " (fsck --repair mends it)" if finding.is_repairable else ""
            self.stdout.write(f"wrong     {finding.invariant}  {finding.subject}: {finding.message}{hint}")
        counts = _counts()
        checked = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        self.stdout.write(f"Checked {checked}: {len(findings) or 'nothing'} wrong.")


def _share(text: str) -> float:
    """`1%` or `0.5 %` as a part of 1."""
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not 0 < percent <= 100:
        raise ArgumentTypeError(f"{text!r} is no part of all bytes; say 1% or 12.5%, for example.")
    return percent / 100


def _every(share: float) -> Callable[[Blob], bool]:
    """Chosen by chance, others each time."""
    return lambda _blob: secrets.randbelow(FINENESS) < share * FINENESS


def _wrong_rows(session_id: str) -> list[Finding]:
    with one_moment():
        return [*audit(session_id=session_id), *([] if session_id else audit_rows())]


def _counts() -> dict[str, int]:
    return {
        "sessions": Session.objects.count(),
        "versions": SessionVersion.objects.count(),
        "log entries": SessionActivity.objects.count(),
        "assets": Asset.objects.count(),
        "blobs": Blob.objects.count(),
    }


def _report(findings: list[Finding], repaired: list[Finding]) -> dict[str, Any]:
    return {
        "ok": not findings,
        "checked": _counts(),
        "findings": [finding.told() for finding in findings],
        "repaired": [finding.told() for finding in repaired],
    }
