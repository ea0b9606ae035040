"""`manage.py work`: a background worker. As many as wanted may run, on one machine or on many."""

import os
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils.crypto import get_random_string

from assets_app import jobs
from assets_app.chores import do_chores
from assets_app.operations.jobs import sweep_jobs

SWEEP_SECONDS = 5


class Command(BaseCommand):
    help = "Do background jobs until stopped. Jobs whose worker died are taken over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=float, default=0.5, help="Seconds between looks at an empty queue.")
        parser.add_argument("--until-idle", action="store_true", help="Stop as soon as nothing is left to do.")

    def handle(self, *_args: Any, interval: float, until_idle: bool, **_options: Any) -> None:
        sweep_jobs()
        if not until_idle:
            threading.Thread(target=_sweep_forever, name="sweep", daemon=True).start()
        worker_id = f"{socket.gethostname()[:30]}:{os.getpid()}:{get_random_string(8)}"
        jobs.work(worker_id=worker_id, interval=interval, until_idle=until_idle)


def _sweep_forever() -> None:
    wait = threading.Event()
    while not wait.wait(SWEEP_SECONDS):
        close_old_connections()
        do_chores()
