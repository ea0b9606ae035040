"""`manage.py fsck`: is everything that was accepted still here, and as it was?"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.models import Session, SessionActivity, SessionVersion
from sessions_app.operations.audit import Finding, audit, one_moment, repair


class Command(BaseCommand):
    help = "Check every session, version, conflict and log entry against the others. Status 1 if something is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="Make wrong copies (counts, what is searched) anew.")
        parser.add_argument("--json", action="store_true", dest="as_json", help="One JSON object instead of words.")
        parser.add_argument("--session", default="", help="Only the session of this id.")

    def handle(self, *_args: Any, as_json: bool, session: str, **options: Any) -> None:
        findings = _findings(session)
        repaired: list[Finding] = []
        if options["repair"] and any(finding.is_repairable for finding in findings):
            repair()
            repaired, findings = findings, _findings(session)
            repaired = [finding for finding in repaired if finding not in findings]
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


def _findings(session_id: str) -> list[Finding]:
    with one_moment():
        return list(audit(session_id=session_id))


def _counts() -> dict[str, int]:
    return {
        "sessions": Session.objects.count(),
        "versions": SessionVersion.objects.count(),
        "log entries": SessionActivity.objects.count(),
    }


def _report(findings: list[Finding], repaired: list[Finding]) -> dict[str, Any]:
    return {
        "ok": not findings,
        "checked": _counts(),
        "findings": [vars(finding) for finding in findings],
        "repaired": [vars(finding) for finding in repaired],
    }
