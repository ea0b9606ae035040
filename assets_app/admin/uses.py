"""How much everybody keeps, and giving somebody another limit."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from assets_app.limits import MEBIBYTE
from assets_app.models import StorageUse
from assets_app.operations.quotas import limits_of, set_quota, use_of
from assets_app.windows import WindowAdmin, sized

MOST_MB = 1_000_000_000
MOST_FILES = 1_000_000_000


class LimitForm(forms.Form):
    user = forms.CharField(label="User", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    max_mb = forms.IntegerField(
        label="Most megabytes (MiB)", min_value=0, max_value=MOST_MB, required=False, help_text="Empty: as much as everybody."
    )
    max_files = forms.IntegerField(
        label="Most files", min_value=0, max_value=MOST_FILES, required=False, help_text="Empty: as many as everybody."
    )

    def clean_user(self) -> User:
        found = get_user_model().objects.filter(username=self.cleaned_data["user"]).first()
        if found is None:
            raise forms.ValidationError("There is nobody here by that name. Check the spelling.")
        return found


@admin.register(StorageUse)
class StorageUseAdmin(WindowAdmin[StorageUse]):
    list_display = ("user", "size", "shown_files", "limit", "how_full", "another")
    search_fields = ("user__username",)
    list_select_related = ("user",)
    ordering = ("-bytes", "pk")
    list_per_page = 50
    fields = ("user", "size", "shown_files", "limit", "how_full", "another")
    readonly_fields = ("size", "shown_files", "limit", "how_full", "another")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.give_limit)
        return [path("limit/", view, name="assets_app_storageuse_limit"), *super().get_urls()]

    def has_limit_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_storageuse")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_limit": self.has_limit_permission(request), **(extra_context or {})})

    @admin.display(description="Keeps", ordering="bytes")
    def size(self, use: StorageUse) -> str:
        return sized(use.bytes)

    @admin.display(description="Files", ordering="files")
    def shown_files(self, use: StorageUse) -> str:
        return f"{use.files:,}"

    @admin.display(description="May keep")
    def limit(self, use: StorageUse) -> str:
        max_bytes, max_files = limits_of(use)
        told = [] if max_bytes is None else [sized(max_bytes)]
        told += [] if max_files is None else [f"{max_files:,} files"]
        whose = "" if use.max_bytes is None and use.max_files is None else " (a limit of their own)"
        return (", ".join(told) or "any amount") + whose

    @admin.display(description="Of that")
    def how_full(self, use: StorageUse) -> str | SafeString:
        share = _share(use)
        if share is None:
            return "-"
        meter = (
            '<meter class="holdfast-meter" max="100" low="80" high="95" optimum="0" value="{0}" aria-hidden="true"></meter> {0} %'
        )
        return format_html(meter, share)

    @admin.display(description="Limit")
    def another(self, use: StorageUse) -> SafeString:
        return format_html('<a href="{}">Change</a>', _limit_url(use.user))

    def give_limit(self, request: HttpRequest) -> HttpResponse:
        """A form: whose limit, and how much. On success back to the list."""
        if not self.has_limit_permission(request):
            raise PermissionDenied
        form = LimitForm(request.POST) if request.method == "POST" else LimitForm(initial=_initial(request.GET.get("user", "")))
        if form.is_valid():
            user, max_mb, max_files = (form.cleaned_data[name] for name in ("user", "max_mb", "max_files"))
            set_quota(user=user, max_bytes=None if max_mb is None else max_mb * MEBIBYTE, max_files=max_files)
            told = self.limit(use_of(user))
            self.message_user(request, f"From now on {user.get_username()} may keep {told}.", messages.SUCCESS)
            return redirect("admin:assets_app_storageuse_changelist")
        everybody = self.limit(StorageUse())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Another limit",
            "form": form,
            "everybody": everybody,
        }
        status = 400 if form.is_bound else 200
        return TemplateResponse(request, "admin/assets_app/storageuse/limit.html", context, status=status)


def _share(use: StorageUse) -> int | None:
    """In percent of the limit that is nearer."""
    max_bytes, max_files = limits_of(use)
    shares = [
        100 * kept // most if most else 100 for kept, most in ((use.bytes, max_bytes), (use.files, max_files)) if most is not None
    ]
    return min(max(shares), 100) if shares else None


def _limit_url(user: User) -> str:
    return f"{reverse('admin:assets_app_storageuse_limit')}?{urlencode({'user': user.get_username()})}"


def _initial(name: str) -> dict[str, Any]:
    """What that user may keep now, if there is such a user."""
    user = get_user_model().objects.filter(username=name).first() if name else None
    if user is None:
        return {"user": name}
    use = use_of(user)
    megabytes = None if use.max_bytes is None else -(-use.max_bytes // MEBIBYTE)
    return {"user": name, "max_mb": megabytes, "max_files": use.max_files}
