"""Names as steps of paths, and back (RFC 6901)."""


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
