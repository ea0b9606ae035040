"""Rows that only operations may write: a stray `update()` or `delete()` elsewhere would bypass versions and the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)
_writing: ContextVar[bool] = ContextVar("writing", default=False)


class OutsideOperationError(RuntimeError):
    """A mistake in the code: rows with a history are written by their operations, and by nothing else."""


@contextmanager
def writing() -> Iterator[None]:
    """Operations write inside this block."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def _refuse_unless_writing(what: str, model: type[models.Model]) -> None:
    if not _writing.get():
        raise OutsideOperationError(f"{what} of {model.__name__} outside its operations.")


class GuardedQuerySet(models.QuerySet[M]):
    """Writes only inside `writing()`. Also what `save()` and related managers end in, by `base_manager_name`."""

    def update(self, **kwargs: Any) -> int:
        _refuse_unless_writing("update()", self.model)
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        _refuse_unless_writing("delete()", self.model)
        return super().delete()

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        _refuse_unless_writing("bulk_update()", self.model)
        return super().bulk_update(*args, **kwargs)

    def _update(self, values: Any) -> int:
        _refuse_unless_writing("save()", self.model)
        updated: int = super()._update(values)  # type: ignore[misc]  # Django's own, not in the stubs
        return updated

    def _insert(self, *args: Any, **kwargs: Any) -> Any:
        _refuse_unless_writing("create()", self.model)
        return super()._insert(*args, **kwargs)  # type: ignore[misc]  # Django's own, not in the stubs

    def _raw_delete(self, using: Any) -> int:
        _refuse_unless_writing("delete()", self.model)
        deleted: int = super()._raw_delete(using)
        return deleted


class GuardedModel(models.Model):
    """A row with a history."""

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Deleting one instance asks no manager, so it is refused here."""
        _refuse_unless_writing("delete()", type(self))
        return super().delete(*args, **kwargs)
