"""`manage.py serve`: prepare, then run the web server and the background workers under one supervisor."""

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Run Holdfast: web server and background workers, ended together by Ctrl-C or SIGTERM."

    def handle(self, *_args: Any, **_options: Any) -> None:
        _check_port(settings.HOST, settings.PORT)
        call_command("prepare", stdout=self.stdout)
        self.stdout.flush()
        os.chdir(settings.BASE_DIR)
        command = [
            sys.executable, "-m", "config.supervisor", "--host", settings.HOST, "--port", str(settings.PORT),
            "--web-processes", str(settings.WEB_CONCURRENCY), "--web-threads", str(settings.WEB_THREADS),
            "--workers", str(settings.HOLDFAST_WORKERS),
        ]  # fmt: skip
        os.execv(command[0], command)


def _check_port(host: str, port: int) -> None:
    """Better told now, in words, than by the web server's retries."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _name, address = addresses[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise CommandError(f"HOST is {host!r}, which is no address of this machine ({error.strerror}).") from None
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port} ({error.strerror}). Is it in use? Choose another: PORT={port + 1} make run"
        ) from None
