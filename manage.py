#!/usr/bin/env python
"""Holdfast's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        import config.settings  # noqa: F401  (to tell a setting that cannot be read in one line)
    except (ImproperlyConfigured, ValueError, KeyError, OSError) as error:
        sys.exit(f"A setting cannot be read: {error}\nSettings come from the environment and from .env; see docs/settings.md.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
