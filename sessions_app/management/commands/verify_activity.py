"""`manage.py verify_activity`: has anybody changed the log?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.models import SessionActivity
from sessions_app.operations.audit import one_moment, verify_activity


class Command(BaseCommand):
    help = "Verify the chain of every session's log. Names the first bad entry of each; status 1 then."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--session", default="", help="Only the log of this session.")

    def handle(self, *_args: Any, session: str, **_options: Any) -> None:
        with one_moment():
            findings = list(verify_activity(session_id=session))
        for finding in findings:
            self.stdout.write(f"{finding.subject}: {finding.message}")
        if findings:
            raise CommandError(f"The log of {len(findings)} sessions is not as it was written.")
        entries = SessionActivity.objects.filter(session_id=session) if session else SessionActivity.objects.all()
        self.stdout.write(f"{entries.count():,} entries verified: nothing was changed.")
