"""Which other hosts the pages' files may come from."""

from typing import Any
from urllib.parse import urlsplit


def allow_bucket(policy: dict[str, Any], **options: Any) -> None:
    """Let pages show pictures and films to which the hub sends readers on. `options` are those of the bucket's storage."""
    origins = bucket_origins(
        endpoint_url=options["endpoint_url"] or "", bucket=options["bucket_name"], region=options["region_name"] or ""
    )
    for directive in ("img-src", "media-src"):
        policy["DIRECTIVES"][directive] += origins


def bucket_origins(*, endpoint_url: str, bucket: str, region: str) -> list[str]:
    """Where a bucket's own addresses lead: its name stands in the host or in the path, as the client library decides."""
    if endpoint_url:
        parts = urlsplit(endpoint_url)
        return [f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{bucket}.{parts.netloc}"]
    hosts = ["s3.amazonaws.com", *([f"s3.{region}.amazonaws.com"] if region else [])]
    return [f"https://{prefix}{host}" for host in hosts for prefix in ("", f"{bucket}.")]
