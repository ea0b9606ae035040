"""Readers that misbehave, found by children as our own modules are."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets_app import sandbox
from assets_app.nurse import Nursery


def readers(folder: Path, monkeypatch: pytest.MonkeyPatch, code: dict[str, str]) -> Iterator[str]:
    """`reader_that_NAME` for each name; yields the prefix. Their nursery is one of their own."""
    for name, source in code.items():
        (folder / f"reader_that_{name}.py").write_text(source)
    original = sandbox._environment

    def environment() -> dict[str, str]:
        found = original()
        return found | {"PYTHONPATH": found["PYTHONPATH"] + os.pathsep + str(folder)}

    monkeypatch.setattr(sandbox, "_environment", environment)
    nursery = Nursery(sandbox._nursery_environment)
    monkeypatch.setattr(sandbox, "NURSERY", nursery)
    yield "reader_that_"
    nursery.close()
