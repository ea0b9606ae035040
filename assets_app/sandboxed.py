"""The inside of the sandbox: what runs in the child. No Django, no settings, no secrets.

Exit status 0: the answer is on standard output. 3: the file was refused, and standard output holds
`{"message": .., "facts": {..}}`. 4: out of memory.
"""

import importlib
import json
import resource
import sys
from collections.abc import Callable
from typing import Any

from assets_app.strict_json import JsonRefused

ANSWERED, BROKEN, REFUSED, OUT_OF_MEMORY = 0, 1, 3, 4


class Refused(Exception):
    """Raised by a reader to say what is wrong with the file it was given, in words for the person who sent it."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


def limit_process(memory_mb: int, cpu_seconds: int) -> None:
    """Set before anything of the file is read. A limit that this system refuses to set is an error, not a shrug."""
    memory = memory_mb * 1024 * 1024
    if sys.platform == "linux":  # elsewhere the address space of a bare interpreter is already larger than any limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def outcome(read: Callable[[], bytes]) -> tuple[int, bytes]:
    """What a reader comes to: the exit status, and the answer or the refusal that goes with it."""
    try:
        return ANSWERED, read()
    except (Refused, JsonRefused) as refused:
        facts = refused.facts if isinstance(refused, Refused) else {"pointer": refused.pointer}
        facts = {key: value for key, value in facts.items() if value is not None}
        return REFUSED, json.dumps({"message": refused.message, "facts": facts}).encode()
    except MemoryError:
        return OUT_OF_MEMORY, b""


def run(module: str, args: list[str]) -> int:
    status, answer = outcome(lambda: importlib.import_module(module).main(sys.stdin.buffer, args))
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return status


if __name__ == "__main__":
    limit_process(memory_mb=int(sys.argv[1]), cpu_seconds=int(sys.argv[2]))
    # The class raised inside the module must be the class caught here, not its twin under the name __main__.
    from assets_app import sandboxed  # noqa: PLW0406  (the reason stands above)

    sys.exit(sandboxed.run(sys.argv[3], sys.argv[4:]))
