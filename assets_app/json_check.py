"""Runs in the sandbox: is this file JSON that can be kept? Answers nothing, or refuses with the place of the fault."""

from typing import BinaryIO

from assets_app import strict_json


def main(file: BinaryIO, _args: list[str]) -> bytes:
    strict_json.parse(file.read())
    return b""
