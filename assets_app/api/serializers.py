"""Assets as JSON, in the field names of the older asset server's clients."""

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from assets_app import kinds
from assets_app.models import Asset


class AssetSerializer(serializers.ModelSerializer[Asset]):
    """One asset. `url` is absolute and serves the bytes."""

    userId = serializers.CharField(source="owner_id")
    clientId = serializers.CharField(source="client_id")
    campaignId = serializers.CharField(source="campaign_id")
    url = serializers.SerializerMethodField()
    size = serializers.IntegerField(source="blob.size_bytes")
    sha256 = serializers.CharField(source="blob.sha256")
    uploadedAt = serializers.DateTimeField(source="uploaded_at")
    contentType = serializers.CharField(source="content_type")
    tags = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Asset
        fields = (
            "id", "userId", "clientId", "campaignId", "name", "url", "size", "sha256", "uploadedAt",
            "tags", "type", "format", "contentType",
        )  # fmt: skip

    def get_url(self, asset: Asset) -> str:
        url: str = reverse("asset-data", args=[asset.pk], request=self.context.get("request"))
        return url


class UploadAssetSerializer(serializers.Serializer[Any]):
    """The form of `POST /api/v2/upload-asset`."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)
    clientId = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    campaignId = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    name = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    type = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        help_text=f"One of {', '.join(kinds.TYPES)}; decided by the bytes if left out.",
    )
    tags = serializers.CharField(
        required=False, allow_blank=True, default="", help_text='A JSON array of strings, such as `["brand", "logo"]`.'
    )
    sha256 = serializers.RegexField(
        r"^[0-9a-fA-F]{64}$", required=False, allow_blank=True, default="", help_text="Compared before the asset is visible."
    )
    sessionId = serializers.CharField(required=False, allow_blank=True, default="", help_text="The session to attach it to.")
