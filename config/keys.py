"""The secret that signs cookies, made once per installation."""

import os
import secrets
from pathlib import Path


def read_or_create_secret(path: Path) -> str:
    """The secret kept at `path`, made on first use. Two processes that start at once end with the same one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the embedded database will be beside it
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # fails if another process was first; never shows a half-written file
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
