"""What to do when two people changed a session at once: by request, or else by the session's kind."""

from enum import StrEnum

from django.conf import settings


class MergePolicy(StrEnum):
    REFUSE = "refuse"
    SUGGEST = "suggest"  # refused, but the answer holds a merge that could be saved
    AUTO = "auto"  # merged and saved where both sides fit together


def policy_for(kind: str) -> MergePolicy:
    return MergePolicy(settings.HOLDFAST_MERGE_POLICY.get(kind, MergePolicy.REFUSE))


def identity_keys() -> tuple[str, ...]:
    """By which fields the items of an array are known again, whatever their places."""
    return tuple(settings.HOLDFAST_MERGE_KEYS)
