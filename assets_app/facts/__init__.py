"""Facts from bytes, and thumbnails: what a file itself says of itself. No Django: all of it runs in the sandbox.

One module for each family of formats; only the one that a file's kind names is ever given the file. Each has
`main(file, [format]) -> bytes`. Facts are one flat JSON object; thumbnails are framed (see `thumbnails.framed`).
"""

# Written beside facts. Raised when facts are read anew in a way that makes the old ones wrong or poor.
VERSION = 1

# By the format of `kinds.KINDS`. A format that is missing here has no reader, and so no facts.
READERS = {
    **dict.fromkeys(("jpg", "png", "gif", "webp", "avif"), "assets_app.facts.images"),
    **dict.fromkeys(("mp4", "mov", "3gp", "webm", "mp3", "wav", "ogg", "m4a", "flac"), "assets_app.facts.media"),
    "pdf": "assets_app.facts.pdf",
    "csv": "assets_app.facts.tables",
    "json": "assets_app.facts.trees",
    "parquet": "assets_app.facts.parquet",
}
THUMBNAILERS = {
    **dict.fromkeys(("jpg", "png", "gif", "webp", "avif"), "assets_app.facts.thumbnails"),
    **dict.fromkeys(("mp4", "mov", "3gp", "webm"), "assets_app.facts.posters"),
    **dict.fromkeys(("mp3", "wav", "ogg", "m4a", "flac"), "assets_app.facts.waveforms"),
}
# Widths of thumbnails in pixels. A smaller picture is not enlarged: its largest thumbnail is as wide as itself.
WIDTHS = (160, 320, 640, 1280)
