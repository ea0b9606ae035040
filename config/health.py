"""Is the process alive, and may traffic be sent to it."""

from django.conf import settings
from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse


def alive(_request: HttpRequest) -> JsonResponse:
    """200 while this process can answer at all. Asks nothing of the database: a slow database is no reason to kill."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    """200 when requests can be served: the database answers, its tables are current, the blob store is configured."""
    faults = {**_database_faults(), **_store_faults()}
    checks = {name: faults.get(name, "ok") for name in ("database", "migrations", "blob_store")}
    return JsonResponse({"status": "unavailable" if faults else "ok", "checks": checks}, status=503 if faults else 200)


def _database_faults() -> dict[str, str]:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return {"database": "does not answer", "migrations": "unknown"}
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return {"migrations": "not applied: run manage.py migrate"}
    return {}


def _store_faults() -> dict[str, str]:
    if settings.HOLDFAST_BLOB_STORE in storages.backends:
        return {}
    return {"blob_store": "not configured"}
