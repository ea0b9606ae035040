"""Makes `.venv` and installs into it what the requirements name. Needs nothing but Python 3.11 or newer.

Run by `make`. Does nothing when the requirements are those that were installed last.
"""

import argparse
import hashlib
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if sys.platform == "win32" else "bin") / "python"
OLDEST = (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    wanted = "requirements-dev.txt" if parser.parse_args().dev else "requirements.txt"
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"Holdfast needs Python 3.11 or newer; this is {found}. Name a newer one: make PYTHON=python3.12 run", file=sys.stderr
        )
        return 1
    if not _works():
        print("Making .venv", flush=True)
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    stamp = VENV / f"installed-{wanted}.sha256"
    digest = _digest(wanted)
    if stamp.exists() and stamp.read_text() == digest:
        return 0
    print(f"Installing what {wanted} names (once; this can take a minute)", flush=True)
    started = time.monotonic()
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(ROOT / wanted)]
    if subprocess.run(command, check=False).returncode:
        print(
            "Installing failed. The lines above say why; nothing else was changed. Run the same command again to retry.",
            file=sys.stderr,
        )
        return 1
    stamp.write_text(digest)
    if wanted == "requirements-dev.txt":  # holds the other file
        (VENV / "installed-requirements.txt.sha256").write_text(_digest("requirements.txt"))
    print(f"Installed in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def _works() -> bool:
    """Is there an environment, and does its Python still exist and run?"""
    if not PYTHON.exists():
        return False
    return subprocess.run([str(PYTHON), "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0


def _digest(name: str) -> str:
    """Of the file and of those that it includes, and of the Python that installs them."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for file in ("requirements.txt", name):
        digest.update((ROOT / file).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped. Run the same command again to go on.")
