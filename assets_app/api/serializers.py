"""The form by which files are sent."""

from typing import Any

from rest_framework import serializers

from assets_app import kinds


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
