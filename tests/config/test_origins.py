"""Where pages may take files from."""

from urllib.parse import urlsplit

import pytest

from assets_app.storage.bucket import BucketStorage
from config.origins import allow_bucket


@pytest.mark.parametrize("bucket", ["holdfast", "files.example"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9000", "https://store.example"])
def test_pages_may_show_what_the_bucket_s_own_address_leads_to(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, region: str, bucket: str
) -> None:
    """Else pictures and films stay blank as soon as readers are sent to the bucket itself."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = BucketStorage(bucket_name=bucket, endpoint_url=endpoint or None, region_name=region)
    address = urlsplit(store.url("key"))
    policy: dict[str, dict[str, list[str]]] = {"DIRECTIVES": {"img-src": ["'self'"], "media-src": ["'self'"]}}
    allow_bucket(policy, bucket_name=bucket, endpoint_url=endpoint or None, region_name=region)
    for allowed in policy["DIRECTIVES"].values():
        assert f"{address.scheme}://{address.netloc}" in allowed
