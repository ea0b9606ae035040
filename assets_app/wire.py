"""What a sandboxed child and its parent say to each other about a file that the child reads piece by piece.

The parent says the file's size. The child asks `READ, offset, length` and is given `length` and the bytes, until it says
`ANSWER, status, length` and its answer. Neither end needs Django here. Numbers are big-endian.
"""

import io
import socket
import struct
from collections import OrderedDict

READ, ANSWER = b"R", b"A"
SIZE = struct.Struct(">Q")
SAID = struct.Struct(">cQI")  # the child: READ, offset, length; or ANSWER, status, length, with the answer behind it
GIVEN = struct.Struct(">I")  # the parent: length, with the bytes behind it

# A parser of media reads a few bytes here and there: one block each. One that reads on is given more at a time.
BLOCK = 64 * 1024
MOST_BLOCKS = 16
MOST_BYTES = MOST_BLOCKS * BLOCK
KEPT_BLOCKS = 4 * MOST_BLOCKS


class ReadTooMuch(OSError):
    """The file has more to read than the child was granted."""


def cost(length: int) -> int:
    """What a read is charged as, in bytes: small ones are not free, so that their number is bounded, too."""
    return max(length, BLOCK)


def receive_exactly(channel: socket.socket, length: int) -> bytes:
    """`length` bytes.

    Raises:
        EOFError: the other end closed before that.
    """
    data = bytearray(length)
    view, have = memoryview(data), 0
    while have < length:
        got = channel.recv_into(view[have:])
        if not got:
            raise EOFError("the other end is gone")
        have += got
    return bytes(data)


class RemoteFile(io.RawIOBase):
    """A file of the parent's: seekable, read only. Lately read blocks are kept, at most 4 MiB of them.

    `budget` (bytes) bounds what is asked of the parent; beyond it reads raise ReadTooMuch, and the child can still say what
    it found so far.
    """

    def __init__(self, channel: socket.socket, *, size: int, budget: int) -> None:
        super().__init__()
        self.size = size
        self._channel = channel
        self._budget = budget
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next = -1
        self._run = 1

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}.get(whence)
        if base is None or base + offset < 0:
            raise OSError("no such place in the file")
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes as asked for, fewer only at the end of the file."""
        left = max(self.size - self._at, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        number, start = divmod(self._at, BLOCK)
        if start + wanted <= BLOCK:  # nearly always
            data = self._block(number)[start : start + wanted]
        else:
            last = (self._at + wanted - 1) // BLOCK
            data = b"".join([self._block(each) for each in range(number, last + 1)])[start : start + wanted]
        self._at += len(data)
        return data

    def readall(self) -> bytes:
        return self.read(-1)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stub's Buffer is a type of its own
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _block(self, number: int) -> bytes:
        kept = self._blocks.get(number)
        if kept is not None:
            self._blocks.move_to_end(number)
            return kept
        self._run = min(self._run * 2, MOST_BLOCKS) if number == self._next else 1
        data = self._ask(number * BLOCK, self._run * BLOCK)
        for index in range(0, len(data), BLOCK):
            self._blocks[number + index // BLOCK] = data[index : index + BLOCK]
        self._next = number + self._run
        while len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return self._blocks[number]

    def _ask(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        if cost(length) > self._budget:
            raise ReadTooMuch("more of the file than may be read")
        self._budget -= cost(length)
        self._channel.sendall(SAID.pack(READ, offset, length))
        (given,) = GIVEN.unpack(receive_exactly(self._channel, GIVEN.size))
        data = receive_exactly(self._channel, given)
        if given != length:
            raise OSError("the file is shorter than it was")
        return data
