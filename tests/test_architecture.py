"""The house's rules that are no single module's business."""

import hashlib
import re
import subprocess
from pathlib import Path

from django.apps import apps
from django.contrib.admin import site
from django.db.models import PROTECT, ForeignKey

from assets_app.windows import WindowAdmin

ROOT = Path(__file__).resolve().parents[1]
# Keys, advice, and copies of what is kept elsewhere: they go with what they are about.
NO_RECORDS = {"ApiToken", "IdempotencyKey", "Lease", "SessionMember", "SessionDevice", "SessionCount"}
NO_RECORDS |= {"Thumbnail", "AssetShare", "AssetTag", "ShareLink", "StorageUse", "PurgedAsset"}
FLOORS = ["assets_app", "sessions_app", "visualizations_app"]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_foreign_keys_point_down() -> None:
    for floor, label in enumerate(FLOORS):
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.get_fields():
                if field.concrete and field.related_model is not None and field.related_model._meta.app_label in FLOORS:
                    assert FLOORS.index(field.related_model._meta.app_label) <= floor, field


def test_what_is_kept_is_never_deleted_by_the_way() -> None:
    for label in FLOORS:
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, ForeignKey) and model.__name__ not in NO_RECORDS:
                    assert field.remote_field.on_delete is PROTECT, field


def test_every_window_is_read_only() -> None:
    for model, window in site._registry.items():
        if model._meta.app_label in FLOORS:
            assert isinstance(window, WindowAdmin), model


def test_the_settings_stay_readable() -> None:
    assert len((ROOT / "config" / "settings.py").read_text().splitlines()) < 300


def test_vendored_files_are_what_their_digests_say() -> None:
    vendor = ROOT / "assets_app" / "static" / "vendor"
    lines = (vendor / "SHA256SUMS").read_text().splitlines()
    digests = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {str(p.relative_to(vendor)) for p in vendor.glob("*/*") if p.suffix in (".js", ".css")} == set(digests)
    for name, digest in digests.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
        assert list((vendor / name).parent.glob("LICENSE*"))


def test_our_pages_name_no_other_host() -> None:
    for path in tracked("templates/*.html", "*/static/holdfast/*"):
        hosts = set(re.findall(r"https?://([^/\"'\s]+)", path.read_text())) - {"www.w3.org"}  # the name of SVG, not an address
        assert not hosts, path


def test_dependencies_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert not line or line.startswith(("#", "-r ")) or re.match(r"[\w.\-\[\]]+==[\w.]+(\s|$)", line), line
