"""How far a long command is: one line that moves on a terminal, and now and then a line of the log elsewhere."""

import time

import structlog
from django.core.management.base import OutputWrapper

log = structlog.get_logger(__name__)
CLEAR_LINE = "\r\x1b[2K"
REDRAW_SECONDS = 0.1
LOG_SECONDS = 10.0
MEGABYTE = 1_000_000
BAR_WIDTH = 20


class Progress:
    """Counts things and their bytes, and waits where a rate is set.

    Args:
        count, size_bytes: of all that there is to do.
        rate: bytes a second, at most; 0: as fast as can be.
    """

    def __init__(self, out: OutputWrapper, *, count: int, size_bytes: int, rate: float = 0.0) -> None:
        self._out, self._count, self._size_bytes, self._rate = out, count, size_bytes, rate
        self._on_terminal = out.isatty()
        self._done, self._bytes = 0, 0
        self._started = self._told = time.monotonic()

    def add_bytes(self, size: int) -> None:
        self._bytes += size
        if self._rate:
            time.sleep(max(0.0, self._started + self._bytes / self._rate - time.monotonic()))
        self._tell()

    def add_one(self) -> None:
        self._done += 1
        self._tell()

    def write(self, line: str) -> None:
        """A line that stays."""
        self.clear()
        self._out.write(line)

    def clear(self) -> None:
        if self._on_terminal:
            self._out.write(CLEAR_LINE, ending="")
            self._out.flush()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told < (REDRAW_SECONDS if self._on_terminal else LOG_SECONDS):
            return
        self._told = now
        if self._on_terminal:
            self._out.write(CLEAR_LINE + self.in_words(now - self._started), ending="")
            self._out.flush()
        else:
            log.info("progress", done=self._done, of=self._count, megabytes=self._bytes // MEGABYTE)

    def in_words(self, seconds: float) -> str:
        """`[#####     ] 12/48  30/120 MB  10.1 MB/s  9 s left`"""
        part = min(1.0, self._bytes / self._size_bytes) if self._size_bytes else 1.0
        speed = self._bytes / seconds if seconds > 0 else 0.0
        left = f"{max(0, self._size_bytes - self._bytes) / speed:.0f} s left" if speed else ""
        bar = f"[{'#' * int(part * BAR_WIDTH):{BAR_WIDTH}}]"
        sizes = f"{self._bytes / MEGABYTE:.0f}/{self._size_bytes / MEGABYTE:.0f} MB  {speed / MEGABYTE:.1f} MB/s"
        return f"{bar} {self._done}/{self._count}  {sizes}  {left}"
