"""The collector's form. Files are read from the request: Django's file field would look at one of many."""

from django import forms

from sessions_app.models import Session, SessionQuerySet


class CollectForm(forms.Form):
    """Where files without a session of their own go. `batch` holds together what is dropped in one visit."""

    session = forms.ModelChoiceField(
        queryset=Session.objects.none(), required=False, to_field_name="session_id", empty_label="a session of their own"
    )
    batch = forms.RegexField(r"^[0-9a-z]{1,40}$", widget=forms.HiddenInput, required=False)

    def __init__(self, *args: object, sessions: SessionQuerySet, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        self.fields["session"].queryset = sessions  # type: ignore[attr-defined]  # a ModelChoiceField
