"""`manage.py create_token USER`: prints a new API token, once, alone on its line."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from assets_app.errors import HoldfastError
from assets_app.models import ApiToken
from assets_app.operations.tokens import create_token


class Command(BaseCommand):
    help = "Make an API token for a user. It is printed once and kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="The user's name.")
        parser.add_argument("--scope", action="append", choices=ApiToken.SCOPES, help="What it may do; default: all. Repeatable.")
        parser.add_argument("--days", type=int, help="Days until it expires; default: never.")
        parser.add_argument("--name", default="", help="What it is for, as shown in the admin.")

    def handle(self, *_args: Any, user: str, scope: list[str] | None, days: int | None, name: str, **_options: Any) -> None:
        model = get_user_model()
        try:
            owner = model.objects.get(**{model.USERNAME_FIELD: user})
            _token, text = create_token(user=owner, name=name, scopes=scope, days=days)
        except model.DoesNotExist:
            raise CommandError(f"There is no user named {user!r}. Make one with: manage.py createsuperuser") from None
        except HoldfastError as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(text)
