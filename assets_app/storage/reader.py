"""A seekable file over something that gives ranges of bytes."""

import io
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

ReadRange = Callable[[int, int], Iterator[bytes]]


class ObjectReader(io.RawIOBase, BinaryIO):
    """Reads only what is asked for. Wrap it in `io.BufferedReader` for many small reads."""

    def __init__(self, read_range: ReadRange, size: int) -> None:
        super().__init__()
        self._read_range = read_range
        self.size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        stop = self.size if size is None or size < 0 else min(self._position + size, self.size)
        if stop <= self._position:
            return b""
        data = b"".join(self._read_range(self._position, stop))
        self._position = stop
        return data

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # any writable buffer does
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
