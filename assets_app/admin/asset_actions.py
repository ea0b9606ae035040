"""What staff may do to files from their list, and from the page of one."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from assets_app import parsing
from assets_app.admin.telling import DONE, each, tell
from assets_app.admin.verifying import repair_now, verify_now
from assets_app.models import Asset, Blob, ShareLink
from assets_app.operations.assets import delete_asset, restore_asset
from assets_app.operations.pictures import ask_to_examine
from assets_app.operations.sharing import create_link, publish_asset, revoke_link, unpublish_asset
from assets_app.windows import M, WindowAdmin

IN_TRASH = "in the trash. Bring it back first"
LINK_DAYS = 7
MOST_LINKS = 50


class ActingAdmin(WindowAdmin[M]):
    """A window whose pages of single rows offer the actions of the list, too."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[M], *args: Any) -> HttpResponse | None:
        """What was done on the page of one row ends there."""
        response = super().response_action(request, queryset, *args)
        one = request.POST.get("back_to", "")
        is_redirect = isinstance(response, HttpResponseRedirect)
        if one and is_redirect and request.POST.getlist(ACTION_CHECKBOX_NAME) == [one] and self.get_object(request, one):
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[one]))
        return response

    def unfit_for(self, row: M) -> set[str]:
        """Actions that would leave this row alone anyway."""
        return set()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        left_out = self.unfit_for(row) if row is not None else set()
        offered = [(n, title) for n, title in self.get_action_choices(request, default_choices=[]) if n not in left_out]
        return super().change_view(request, object_id, form_url, {"offered": offered, **(extra_context or {})})


class AssetActions(ActingAdmin[Asset]):
    """Every action asks for a permission, and calls an operation for every chosen file."""

    actions = (
        "examine", "verify_bytes", "repair_bytes", "make_link", "take_back_links", "move_to_trash", "bring_back", "publish",
        "unpublish",
    )  # fmt: skip

    def has_change_assets_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_asset")

    def has_delete_assets_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.delete_asset")

    def has_change_blobs_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_blob")

    def has_make_links_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.add_sharelink")

    def has_take_back_links_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_sharelink")

    def unfit_for(self, row: Asset) -> set[str]:
        unfit = set() if row.blob.damaged_at is not None else {"repair_bytes"}
        if row.deleted_at is not None:
            return unfit | {"examine", "make_link", "take_back_links", "move_to_trash", "publish", "unpublish"}
        return unfit | {"bring_back", "unpublish" if row.published_at is None else "publish"}

    @admin.action(description="Read facts and make thumbnails again", permissions=["change_assets"])
    def examine(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        tell(request, each(assets, _examine), one="file", many="files", done="will be read by a worker")

    @admin.action(description="Verify the bytes now", permissions=["change_blobs"])
    def verify_bytes(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        verify_now(request, _blobs_of(assets))

    @admin.action(description="Repair from another copy", permissions=["change_blobs"])
    def repair_bytes(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        repair_now(request, _blobs_of(assets))

    @admin.action(description=f"Make a link ({LINK_DAYS} days)", permissions=["make_links"])
    def make_link(self, request: HttpRequest, assets: QuerySet[Asset]) -> TemplateResponse | None:
        """The addresses are shown on the page that answers, and nowhere else: no message would do, for they are kept."""
        if assets.count() > MOST_LINKS:
            self.message_user(request, f"No link was made: at most {MOST_LINKS} can be made at once.", "WARNING")
            return None
        made: list[tuple[Asset, ShareLink, str]] = []

        def link(asset: Asset) -> str:
            if asset.deleted_at is not None:
                return IN_TRASH
            new, secret = create_link(asset=asset, by=_user(request), days=LINK_DAYS)
            made.append((asset, new, request.build_absolute_uri(reverse("shared", args=[secret]))))
            return DONE

        tally = each(assets, link)
        if not made:
            tell(request, tally, one="file", many="files", done="linked")
            return None
        tally.done = 0
        if tally.left:
            tell(request, tally, one="file", many="files", done="linked")
        return self._links_page(request, made)

    def _links_page(self, request: HttpRequest, made: list[tuple[Asset, ShareLink, str]]) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "One new link" if len(made) == 1 else f"{len(made)} new links",
            "made": made,
            "days": LINK_DAYS,
        }
        answer = TemplateResponse(request, "admin/assets_app/asset/links_made.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    @admin.action(description="Take back all links", permissions=["take_back_links"])
    def take_back_links(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        open_ones = ShareLink.objects.filter(asset__in=assets.order_by(), revoked_at=None, expires_at__gt=timezone.now())
        take_back(request, open_ones.order_by("pk"))

    @admin.action(description="Move to the trash", permissions=["delete_assets"])
    def move_to_trash(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        def delete(asset: Asset) -> str:
            if asset.deleted_at is not None:
                return "in the trash already"
            delete_asset(asset=asset, by=_user(request))
            return DONE

        tell(request, each(assets, delete), one="file", many="files", done="moved to the trash")

    @admin.action(description="Bring back from the trash", permissions=["delete_assets"])
    def bring_back(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        def restore(asset: Asset) -> str:
            if asset.deleted_at is None:
                return "not in the trash"
            restore_asset(asset=asset, by=_user(request))
            return DONE

        tell(request, each(assets, restore), one="file", many="files", done="brought back from the trash")

    @admin.action(description="Publish: anybody may read it", permissions=["change_assets"])
    def publish(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        def do(asset: Asset) -> str:
            if asset.deleted_at is not None:
                return IN_TRASH
            if asset.published_at is not None:
                return "published already"
            publish_asset(asset=asset, by=_user(request))
            return DONE

        tell(request, each(assets, do), one="file", many="files", done="published: anybody who has the address may read it")

    @admin.action(description="Unpublish", permissions=["change_assets"])
    def unpublish(self, request: HttpRequest, assets: QuerySet[Asset]) -> None:
        def do(asset: Asset) -> str:
            if asset.deleted_at is not None:
                return IN_TRASH
            if asset.published_at is None:
                return "not published"
            unpublish_asset(asset=asset, by=_user(request))
            return DONE

        tell(request, each(assets, do), one="file", many="files", done="no longer public")


def take_back(request: HttpRequest, links: QuerySet[ShareLink]) -> None:
    def revoke(link: ShareLink) -> str:
        if link.asset.deleted_at is not None:
            return "of a file in the trash, where no link leads. Bring the file back first"
        return DONE if revoke_link(link=link, by=_user(request)) else "taken back already"

    tell(request, each(links.select_related("asset"), revoke), one="link", many="links", done="taken back")


def _examine(asset: Asset) -> str:
    if asset.deleted_at is not None:
        return IN_TRASH
    if not (parsing.has_facts(asset.format) or parsing.has_thumbnails(asset.format)):
        return "nothing is read of files of this kind"
    ask_to_examine(asset=asset)
    return DONE


def _blobs_of(assets: QuerySet[Asset]) -> QuerySet[Blob]:
    return Blob.objects.filter(pk__in=assets.order_by().values("blob"))


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):  # the admin asked already
        raise PermissionDenied
    return request.user
