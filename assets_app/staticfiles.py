"""Static files whose names hold their digests, also where one script imports another."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Without this, a browser could go on with an old module beside a new one."""

    support_js_module_import_aggregation = True
