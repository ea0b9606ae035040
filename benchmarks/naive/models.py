"""Sessions with their document in a JSON column, and a log; files with their bytes in one value."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class PlainSession(models.Model):
    session_id = models.CharField(max_length=255, unique=True)
    session_name = models.CharField(max_length=255)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    document = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["PlainSession"]] = models.Manager()

    class Meta:
        app_label = "naive"
        db_table = "plain_sessions"
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["owner", "-updated_at"], name="plain_by_owner")]

    def __str__(self) -> str:
        return self.session_name


class PlainActivity(models.Model):
    session = models.ForeignKey(PlainSession, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    action = models.CharField(max_length=50)
    version = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["PlainActivity"]] = models.Manager()

    class Meta:
        app_label = "naive"
        db_table = "plain_activity"

    def __str__(self) -> str:
        return self.action


class PlainFile(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["PlainFile"]] = models.Manager()

    class Meta:
        app_label = "naive"
        db_table = "plain_files"

    def __str__(self) -> str:
        return self.name
