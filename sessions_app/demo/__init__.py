"""Demo data: files as collectors send them, made from nothing but a seed. No Django, no network.

`program` lists what there is. Each item makes its own file, with the same bytes every time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator

from sessions_app.demo import captures, checklists, environment, media

SEED = 2026

Save = tuple[int, dict[str, Any]]  # the version that it was made from, and the document


def _no_saves(_rng: Generator, _document: dict[str, Any]) -> Iterator[Save]:
    yield from ()


@dataclass(frozen=True)
class Item:
    """A file to be collected. `stream` numbers its random numbers; files of one `batch` share a session."""

    noun: str
    name: str
    stream: tuple[int, int]
    maker: Callable[[Generator], bytes]
    batch: str = ""
    saver: Callable[[Generator, dict[str, Any]], Iterator[Save]] = _no_saves

    def make(self) -> bytes:
        return self.maker(np.random.default_rng([SEED, *self.stream]))

    def saves(self, document: dict[str, Any]) -> Iterator[Save]:
        """What is saved to the session of the file after its import, whose document is given."""
        return self.saver(np.random.default_rng([SEED, *self.stream, 1]), document)


def program(*, recordings: int, samples: int) -> list[Item]:
    """Everything there is to add; of the recordings so many, with so many samples each."""
    return [
        *(_recording(index, samples) for index in range(recordings)),
        *(_checklist(index, checklist) for index, checklist in enumerate(checklists.CHECKLISTS)),
        Item("data file", environment.FILE_NAME, (3, 0), environment.make_week, batch="demo-environment"),
        Item("picture", "infusion-pump.png", (4, 0), media.make_device_picture, batch="demo-media"),
        Item("picture", "hills-in-the-evening.jpg", (4, 1), media.make_landscape, batch="demo-media"),
        Item("picture", "test-chart.webp", (4, 2), media.make_test_chart, batch="demo-media"),
        Item("sound", "chord-in-d.wav", (4, 3), media.make_chord, batch="demo-media"),
        Item("video", "bouncing-balls.mp4", (4, 4), media.make_video, batch="demo-media"),
    ]


def _recording(index: int, samples: int) -> Item:
    maker = partial(captures.make_capture, index=index, samples=samples)
    return Item("recording", captures.file_name(index), (1, index), maker)


def _checklist(index: int, checklist: checklists.Checklist) -> Item:
    return Item(
        "checklist",
        checklist.file_name,
        (2, index),
        partial(checklists.make_checklist, checklist=checklist),
        saver=lambda rng, document: checklists.saves(rng, checklist, document),
    )
