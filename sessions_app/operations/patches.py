"""Patches: a change told by its difference, applied to the version that it was made from.

Merge patches are RFC 7396, JSON patches RFC 6902 (the library `jsonpatch`). What comes out is saved like any document, so that
a patch to an older version becomes a conflict, a merge or a refusal like any other save.
"""

import copy
from typing import Any

import jsonpatch
import jsonpointer

from assets_app.errors import InvalidInput
from assets_app.names import shown
from assets_app.strict_json import canonical
from sessions_app.documents import check_composed, document_too_large, max_document_bytes
from sessions_app.errors import PatchFailed
from sessions_app.models import Session
from sessions_app.operations.history import read_version, value_of

MOST_OPERATIONS = 1000
MISFITS = (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, ValueError, KeyError, RecursionError)


def merge_patched(*, session: Session, version: int, patch: Any) -> dict[str, Any]:
    """The version's document with a merge patch put on: a null removes a field, an array replaces an array.

    Raises:
        InvalidInput: no JSON object.
        NotFound: there is no such version.
    """
    if not isinstance(patch, dict):
        raise InvalidInput("A merge patch is a JSON object with the fields to change.", pointer="")
    patched: dict[str, Any] = check_composed(_merged(value_of(read_version(session=session, version=version)), patch))
    return patched


def json_patched(*, session: Session, version: int, patch: Any) -> dict[str, Any]:
    """The version's document with a JSON patch put on: all of its operations, or none.

    Raises:
        InvalidInput: no JSON patch.
        PatchFailed: an operation does not fit, or its test fails.
        DocumentTooLarge: its copies swell the document beyond the limit.
        NotFound: there is no such version.
    """
    if not isinstance(patch, list) or not all(isinstance(operation, dict) for operation in patch):
        raise InvalidInput("A JSON patch is an array of operations (RFC 6902).", pointer="")
    if len(patch) > MOST_OPERATIONS:
        raise InvalidInput(f"The patch has {len(patch)} operations; at most {MOST_OPERATIONS} are done at once.", pointer="")
    value = copy.deepcopy(value_of(read_version(session=session, version=version)))
    copied = 0
    for number, operation in enumerate(patch):
        copied += _copied_bytes(value, operation)
        if copied > max_document_bytes():  # a copy of a copy of a copy would fill the memory
            raise document_too_large()
        value = _apply(value, operation, number)
    if not isinstance(value, dict):
        raise PatchFailed("The patch leaves no JSON object. A session's document is one.", operation=len(patch) - 1)
    checked: dict[str, Any] = check_composed(value)
    return checked


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _apply(value: Any, operation: dict[str, Any], number: int) -> Any:
    try:
        return jsonpatch.JsonPatch([operation]).apply(value, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        raise PatchFailed(f"Operation {number} is a test, and it failed. Nothing was changed.", operation=number) from None
    except jsonpatch.InvalidJsonPatch as error:
        raise InvalidInput(f"Operation {number} is no JSON patch operation: {error}.", pointer=f"/{number}") from None
    except MISFITS as error:
        place = shown(str(operation.get("path", "")), 200)
        message = f"Operation {number} does not fit the document at '{place}'. Nothing was changed."
        raise PatchFailed(message, operation=number) from error


def _copied_bytes(value: Any, operation: dict[str, Any]) -> int:
    if operation.get("op") != "copy":
        return 0
    try:
        return len(canonical(jsonpointer.resolve_pointer(value, operation["from"])))
    except (*MISFITS, AttributeError):
        return 0  # told when it is applied
