"""How versions are kept: zstd, told from an earlier version of the same session. The only module that knows the library.

A version that differs little from its keyframe costs a few hundred bytes; reading one never needs more than two rows.
"""

from typing import Any

import zstandard

LEVEL = 1
# What a version may cost, relative to being kept whole, before it becomes a keyframe itself.
WORTH_IT = 0.25
LARGEST_WINDOW = 1 << 27


def pack(data: bytes, *, keyframe: bytes | None = None) -> bytes:
    """`data` compressed, told from `keyframe` when there is one."""
    if keyframe is None:
        return zstandard.ZstdCompressor(level=3).compress(data)
    window = min(27, max(10, (len(data) + len(keyframe)).bit_length()))
    # Large documents: the level's own tables would remember only the end of the keyframe.
    tables: dict[str, Any] = {"hash_log": window - 4, "chain_log": window - 4} if window > 21 else {}
    parameters = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, source_size=len(data), dict_size=len(keyframe), window_log=window, **tables
    )
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=_dictionary(keyframe)).compress(data)


def unpack(packed: bytes | memoryview, *, keyframe: bytes | None = None) -> bytes:
    """The bytes that `pack` was given, with the same keyframe.

    Raises:
        ValueError: damaged, or another keyframe.
    """
    try:
        dictionary = _dictionary(keyframe) if keyframe is not None else None
        return zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=LARGEST_WINDOW).decompress(packed)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None


def pack_version(data: bytes, *, keyframe: bytes | None) -> tuple[bytes, bool]:
    """The smaller way to keep a version, and whether it is whole: a keyframe for those after it."""
    if keyframe is None:
        return pack(data), True
    told = pack(data, keyframe=keyframe)
    # Kept whole, JSON takes about a quarter of its length. Compressed a second time only when that could be near.
    if len(told) <= max(512, len(data) // 16):
        return told, False
    whole = pack(data)
    return (whole, True) if len(told) > WORTH_IT * len(whole) else (told, False)


def _dictionary(data: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
