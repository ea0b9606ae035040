"""Forms of the pages of assets. Files are read from the request: Django's file field would look at one of many."""

from typing import Any

from django import forms
from django.http import QueryDict

from assets_app import kinds
from assets_app.operations.search import Wanted
from assets_app.operations.sharing import LONGEST_DAYS

TYPES = {"image": "Images", "video": "Videos", "audio": "Sound", "document": "Documents", "data": "Data"}
OWNERS = [("", "All"), ("me", "Mine"), ("others", "Shared with me")]
OWNERS_FOR_STAFF = [("", "All"), ("me", "Mine"), ("others", "Of others")]
NAME_LENGTH, TAG_LENGTH = 255, 100


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _search(attrs: dict[str, str]) -> forms.TextInput:
    widget = forms.TextInput(attrs)
    widget.input_type = "search"
    return widget


class FilterForm(forms.Form):
    """What is looked for in the gallery. Part of its address, so that it can be passed on."""

    q = forms.CharField(
        label="Search", required=False, max_length=200, widget=_search({"placeholder": "Name, or how the sha256 begins"})
    )
    type = forms.ChoiceField(label="Type", required=False, choices=[("", "All types"), *((t, TYPES[t]) for t in kinds.TYPES)])
    owner = forms.ChoiceField(label="Whose", required=False, choices=OWNERS)
    tag = forms.CharField(label="Tag", required=False, max_length=TAG_LENGTH)
    session = forms.CharField(label="Session", required=False, max_length=200, widget=forms.Select)
    client = forms.CharField(label="Client", required=False, max_length=255)
    campaign = forms.CharField(label="Campaign", required=False, max_length=255)

    MORE = ("tag", "session", "client", "campaign")

    def __init__(self, data: QueryDict, *, sessions: list[tuple[str, str]], is_staff: bool = False) -> None:
        super().__init__(data, auto_id="filter_%s")
        if is_staff:
            self.fields["owner"].widget.choices = OWNERS_FOR_STAFF
        chosen = self.data.get("session", "")
        if chosen and chosen not in dict(sessions):
            sessions = [(chosen, chosen), *sessions]
        self.fields["session"].widget.choices = [("", "Any"), *sessions]

    def wanted(self) -> Wanted:
        """Of a valid form."""
        sent = self.cleaned_data
        return Wanted(
            words=sent["q"],
            type=sent["type"],
            tags=(sent["tag"],) if sent["tag"] else (),
            session_id=sent["session"],
            client_id=sent["client"],
            campaign_id=sent["campaign"],
            is_own=sent["owner"] == "me",
            is_others=sent["owner"] == "others",
        )


class AddForm(forms.Form):
    """What holds for all files that are added together."""

    tags = forms.CharField(label="Tags, one per line", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))
    session = forms.ChoiceField(label="Session", required=False)

    def __init__(self, *args: Any, sessions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["session"].choices = [("", "None"), *sessions]  # type: ignore[attr-defined]  # a ChoiceField's


class EditForm(forms.Form):
    """An asset's name and tags, and the revision that they were read at."""

    name = forms.CharField(label="Name", max_length=NAME_LENGTH)
    tags = forms.CharField(label="Tags, one per line", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=10**9)


class LinkForm(forms.Form):
    """How long a link lasts, and how often it can be used."""

    days = forms.FloatField(label="Days", initial=7, widget=forms.NumberInput(attrs={"min": 1, "max": LONGEST_DAYS, "step": 1}))
    uses = forms.IntegerField(
        label="Uses", required=False, widget=forms.NumberInput(attrs={"min": 1, "max": 1_000_000, "placeholder": "any"})
    )
