"""nginx with the same files in a folder: what a web server alone does, with `sendfile` and the WebDAV method PUT.

It keeps files as the system does: nobody waits until they are on the disk, and nobody is asked who they are.
"""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.servers import PROCESSES
from tests.hub import wait_for

SETTINGS = """
daemon off; worker_processes {processes}; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 512; }}
http {{
    access_log off; sendfile on; client_max_body_size 0; keepalive_requests 1000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/files; location / {{ dav_methods PUT; }} }}
}}
"""


class NginxServer:
    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        (folder / "files").mkdir()
        user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""
        settings = folder / "nginx.conf"
        settings.write_text(SETTINGS.format(processes=PROCESSES, folder=folder, port=self.port, user=user))
        command = ["nginx", "-p", str(folder), "-c", str(settings)]
        with (folder / "out.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def answers(self) -> bool:
        with socket.socket() as probe:
            is_there: bool = probe.connect_ex(("127.0.0.1", self.port)) == 0
        return is_there and len(psutil.Process(self.process.pid).children()) >= PROCESSES


@contextmanager
def nginx() -> Iterator[NginxServer | None]:
    """None if there is no nginx on this machine, or one that cannot PUT."""
    if not can_serve():
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        server = NginxServer(Path(folder))
        try:
            wait_for("nginx to answer", server.answers)
            yield server
        finally:
            server.process.terminate()
            server.process.wait(timeout=20)


def can_serve() -> bool:
    program = shutil.which("nginx")
    if program is None:
        return False
    told = subprocess.run([program, "-V"], capture_output=True, text=True, check=False).stderr
    return "http_dav_module" in told
