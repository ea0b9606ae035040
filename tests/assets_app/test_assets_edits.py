"""Changing, deleting and bringing back assets over the API."""

import base64
import hashlib
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from assets_app.models import Asset, AssetShare, Blob, BlobChunk, Change, StorageUse
from assets_app.operations.assets import delete_asset, purge_assets
from assets_app.operations.blobs import condemn_blobs, delete_condemned, sweep_objects
from assets_app.operations.intake import store_asset
from assets_app.operations.sharing import create_link
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from tests.conftest import Api, Apis, assert_refused
from tests.make import PNG, Upload, make_asset, make_session

UPLOAD = "/api/v2/upload-asset"


def address(asset: Asset, rest: str = "") -> str:
    return f"/api/v2/assets/{asset.pk}{rest}"


def patch(program: Api, asset: Asset, body: Any, **headers: str) -> Any:
    return program.client.patch(address(asset), body, content_type="application/json", headers=headers)


def delete(program: Api, path: str) -> Any:
    return program.client.delete(path)


def test_name_and_tags_can_be_changed(alice: User, api: Apis) -> None:
    asset = make_asset(by=alice)
    program = api(alice)
    answer = patch(program, asset, {"name": "Front view.png", "tags": ["brand", "logo", "brand"]})
    assert (answer.status_code, answer.json()["name"], answer.json()["tags"]) == (
        200,
        "Front view.png",
        ["brand", "logo", "brand"],
    )
    assert [line["id"] for line in program.get("/api/v2/assets?tag=logo").json()] == [str(asset.pk)]
    patch(program, asset, {"tags": []})
    assert program.get("/api/v2/assets?tag=logo").json() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "../x.png"}, 400, "INVALID"),
        ({"name": ""}, 400, "INVALID"),
        ({"name": 7}, 400, "INVALID"),
        ({"name": "a\u202egnp.exe"}, 400, "INVALID"),
        ({"name": "song.mp3"}, 415, "UNSUPPORTED_TYPE"),
        ({"tags": "brand"}, 400, "INVALID"),
        ({"tags": [1]}, 400, "INVALID"),
        ({"tags": ["x"] * 101}, 400, "INVALID"),
        ({"type": "video"}, 400, "INVALID"),
        ([], 400, "INVALID"),
        ({"name": "x" * 300_000}, 413, "TOO_LARGE"),
    ],
)
def test_what_cannot_be_changed_so_stays_as_it_is(alice: User, api: Apis, body: Any, status: int, code: str) -> None:
    asset = make_asset(by=alice)
    assert_refused(patch(api(alice), asset, body), status, code)
    assert Asset.objects.get().name == "photo.png"


def test_an_edit_of_what_somebody_else_edited_is_412(alice: User, sam: User, api: Apis) -> None:
    asset = make_asset(by=alice)
    etag = api(alice).get(address(asset))["ETag"]
    assert patch(api(sam), asset, {"name": "sam.png"}, **{"If-Match": etag}).status_code == 200
    refused = patch(api(alice), asset, {"name": "alice.png"}, **{"If-Match": etag})
    now = assert_refused(refused, 412, "PRECONDITION_FAILED")["currentETag"]
    assert patch(api(alice), asset, {"name": "sam.png"}, **{"If-Match": now}).status_code == 200
    assert_refused(patch(api(alice), asset, {"name": "alice.png"}, **{"If-Match": '"abc"'}), 400, "INVALID")
    assert Asset.objects.get().name == "sam.png"


def test_who_was_too_late_is_told_what_to_name_instead(alice: User, sam: User, api: Apis) -> None:
    asset = make_asset(by=alice)
    etag = api(alice).get(address(asset))["ETag"]
    assert patch(api(sam), asset, {"name": "sam.png"}, **{"If-Match": etag}).status_code == 200
    refusal = assert_refused(patch(api(alice), asset, {"name": "alice.png"}, **{"If-Match": etag}), 412, "PRECONDITION_FAILED")
    assert refusal["currentETag"] == api(alice).get(address(asset))["ETag"]
    assert patch(api(alice), asset, {"name": "alice.png"}, **{"If-Match": refusal["currentETag"]}).status_code == 200


def test_an_unchanged_asset_is_304_and_a_changed_one_is_not(alice: User, api: Apis) -> None:
    asset, program = make_asset(by=alice), api(alice)
    etag = program.get(address(asset))["ETag"]
    assert program.get(address(asset), headers={"If-None-Match": etag}).status_code == 304
    patch(program, asset, {"tags": ["x"]})
    assert program.get(address(asset), headers={"If-None-Match": etag}).status_code == 200


def test_those_it_is_shared_with_may_only_look(alice: User, bob: User, charlie: User, api: Apis) -> None:
    asset = make_asset(by=alice)
    AssetShare.objects.create(asset=asset, user=bob, shared_by=alice)
    assert api(bob).get(address(asset)).json()["mayEdit"] is False
    for program, status, code in ((api(bob), 403, "FORBIDDEN"), (api(charlie), 404, "NOT_FOUND")):
        assert_refused(patch(program, asset, {"name": "x.png"}), status, code)
        assert_refused(delete(program, address(asset)), status, code)
        assert_refused(program.get(address(asset, "/shares")), status, code)
        assert_refused(program.post(address(asset, "/shares"), {"user": "charlie"}), status, code)
        assert_refused(program.post(address(asset, "/links"), {}), status, code)
        assert_refused(program.post(address(asset, "/publish"), {}), status, code)
    assert Asset.objects.get().deleted_at is None
    assert api(bob).get(address(asset, "/data")).status_code == 200
    assert_refused(api(charlie).get(address(asset, "/data")), 404, "NOT_FOUND")
    assert_refused(api(charlie).get(address(asset, "/thumbnail")), 404, "NOT_FOUND")


def test_staff_who_may_only_look_change_nothing(alice: User, viewer: User, api: Apis) -> None:
    """The admin asks for permissions; another door must not be the way around them, least of all to the public."""
    asset, trashed, program = make_asset(by=alice), make_asset(by=alice), api(viewer)
    delete_asset(asset=trashed, by=alice)
    assert program.get(address(asset)).json()["mayEdit"] is False
    link, _ = create_link(asset=asset, by=alice)
    for answer in (
        patch(program, asset, {"name": "x.png"}),
        delete(program, address(asset)),
        delete(program, address(asset, f"/links/{link.uuid}")),
        program.post(address(trashed, "/restore"), {}),
        program.post(address(asset, "/shares"), {"user": "viewer"}),
        program.post(address(asset, "/links"), {}),
        program.post(address(asset, "/publish"), {}),
    ):
        assert_refused(answer, 403, "FORBIDDEN")
    assert program.post("/api/v2/assets/bulk-delete", {"ids": [str(asset.pk)]}).json()["deleted"] == 0
    viewer.user_permissions.add(Permission.objects.get(codename="delete_asset"))
    assert delete(api(viewer), address(asset)).status_code == 200


def test_a_read_token_changes_nothing(alice: User, api: Apis) -> None:
    asset, reader = make_asset(by=alice), api(alice, scopes=["read"])
    assert_refused(patch(reader, asset, {"name": "x.png"}), 403, "FORBIDDEN")
    assert_refused(delete(reader, address(asset)), 403, "FORBIDDEN")
    assert_refused(reader.post_form(UPLOAD, file=Upload(PNG, "photo.png")), 403, "FORBIDDEN")


def test_a_deleted_asset_can_be_brought_back_until_it_is_gone(alice: User, bob: User, api: Apis) -> None:
    asset, program = make_asset(by=alice), api(alice)
    answer = delete(program, address(asset))
    assert answer.json() == {"success": True, "message": f"Asset {asset.pk} deleted successfully"}
    assert_refused(program.get(address(asset, "/data")), 404, "NOT_FOUND")
    assert_refused(delete(program, address(asset)), 404, "NOT_FOUND")
    assert_refused(api(bob).post(address(asset, "/restore"), {}), 404, "NOT_FOUND")
    assert program.post(address(asset, "/restore"), {}).json()["name"] == "photo.png"
    assert program.post(address(asset, "/restore"), {}).status_code == 200
    assert program.get(address(asset, "/data")).content == PNG
    assert [change.action for change in Change.objects.filter(kind="asset").order_by("id")] == ["stored", "deleted", "restored"]


def test_after_its_days_in_the_trash_nothing_is_left(alice: User, api: Apis) -> None:
    asset = make_asset(by=alice)
    delete_asset(asset=asset, by=alice)
    assert purge_assets(now=timezone.now() + timedelta(days=13)) == 0
    assert purge_assets(now=timezone.now() + timedelta(days=15)) == 1
    use = StorageUse.objects.get()
    assert (use.bytes, use.files) == (0, 0)
    assert condemn_blobs() == 0  # its grace is not over
    assert condemn_blobs(grace=timedelta(seconds=-1)) == 1
    assert delete_condemned(reprieve=timedelta(seconds=-1)) == 1
    sweep_objects()
    assert not BlobChunk.objects.exists()
    assert_refused(api(alice).post(address(asset, "/restore"), {}), 404, "NOT_FOUND")


@pytest.mark.django_db(transaction=True)  # the feed holds back what is not committed
def test_the_feed_tells_that_something_went(alice: User, charlie: User, api: Apis) -> None:
    """Who mirrors the hub by it would keep what is gone."""
    asset = make_asset(by=alice)
    delete_asset(asset=asset, by=alice)
    purge_assets(now=timezone.now() + timedelta(days=15))
    told = api(alice).get("/api/changes").json()["changes"]
    assert [(change["id"], change["action"]) for change in told] == [
        (str(asset.pk), action) for action in ("stored", "deleted", "purged")
    ]
    assert api(charlie).get("/api/changes").json()["changes"] == []


def test_a_deletion_of_what_somebody_else_edited_is_412(alice: User, sam: User, api: Apis) -> None:
    asset = make_asset(by=alice)
    etag = api(alice).get(address(asset))["ETag"]
    patch(api(sam), asset, {"name": "sam.png"})
    assert_refused(api(alice).client.delete(address(asset), headers={"If-Match": etag}), 412, "PRECONDITION_FAILED")


def test_a_wrong_count_keeps_nothing_in_the_trash_for_ever(alice: User) -> None:
    for _each in range(2):
        delete_asset(asset=make_asset(by=alice), by=alice)
    StorageUse.objects.update(bytes=len(PNG), files=0)
    assert purge_assets(now=timezone.now() + timedelta(days=15)) == 2
    assert StorageUse.objects.filter(bytes=0, files=0).exists()


def test_what_was_imported_again_goes_again(alice: User) -> None:
    """An id that an older system gave comes back with each import; its second end must not stop everybody's."""
    own_id = uuid4()
    for _twice in range(2):
        store_asset(io.BytesIO(PNG), name="photo.png", by=alice, asset_id=own_id)
        delete_asset(asset=Asset.objects.get(), by=alice)
        assert purge_assets(now=timezone.now() + timedelta(days=15)) == 1


def test_bytes_that_two_use_stay_when_one_goes(alice: User, bob: User, api: Apis) -> None:
    first, second = make_asset(by=alice), make_asset(by=bob)
    delete_asset(asset=first, by=alice)
    purge_assets(now=timezone.now() + timedelta(days=15))
    condemn_blobs(grace=timedelta(seconds=-1))
    assert Blob.objects.get().state == Blob.State.LIVE
    assert api(bob).get(address(second, "/data")).content == PNG


def test_condemned_bytes_live_again_when_they_come_again(alice: User) -> None:
    asset = make_asset(by=alice)
    delete_asset(asset=asset, by=alice)
    purge_assets(now=timezone.now() + timedelta(days=15))
    condemn_blobs(grace=timedelta(seconds=-1))
    again = make_asset(by=alice)
    assert delete_condemned(reprieve=timedelta(seconds=-1)) == 0
    assert (again.blob.state, Blob.objects.count()) == (Blob.State.LIVE, 1)


def test_a_file_of_a_session_cannot_be_deleted(alice: User, api: Apis) -> None:
    asset, session = make_asset(by=alice), make_session(by=alice)
    attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    refusal = assert_refused(delete(api(alice), address(asset)), 409, "IN_USE")
    assert refusal["usedBy"] == ["A file of the session “Checks”"]


def test_many_are_deleted_each_by_itself(alice: User, bob: User, api: Apis) -> None:
    own, used, others = make_asset(by=alice), make_asset(by=alice), make_asset(by=bob)
    attach_file(session=make_session(by=alice), asset=used, role=SessionFile.Role.ATTACHMENT, by=alice)
    ids = [str(asset.pk) for asset in (own, used, others)]
    answer = api(alice).post("/api/v2/assets/bulk-delete", {"ids": [*ids, ids[0]]}).json()
    assert answer["deleted"] == 1
    assert [(line["id"], line["deleted"], line.get("error")) for line in answer["results"]] == [
        (ids[0], True, None),
        (ids[1], False, "IN_USE"),
        (ids[2], False, "NOT_FOUND"),
    ]


@pytest.mark.parametrize("ids", [[], "all", ["x"], [1], [None], [str(uuid4())] * 501])
def test_a_list_that_is_none_deletes_nothing(alice: User, api: Apis, ids: Any) -> None:
    make_asset(by=alice)
    assert_refused(api(alice).post("/api/v2/assets/bulk-delete", {"ids": ids}), 400, "INVALID")
    assert Asset.objects.live().exists()


def test_quotas_are_told_before_and_after(alice: User, api: Apis, settings: Any) -> None:
    settings.HOLDFAST_QUOTA_FILES = 2
    program = api(alice)
    for _each in range(2):
        assert program.post_form(UPLOAD, file=Upload(PNG, "photo.png")).status_code == 201
    refusal = assert_refused(program.post_form(UPLOAD, file=Upload(PNG, "photo.png")), 413, "QUOTA")
    assert (refusal["used_files"], refusal["max_files"]) == (2, 2)
    assert program.get("/api/v2/usage").json() == {"bytes": 2 * len(PNG), "files": 2, "maxBytes": None, "maxFiles": 2}


def test_a_quota_in_bytes_counts_every_copy(alice: User, settings: Any) -> None:
    settings.HOLDFAST_QUOTA_MB = 1
    store_asset(io.BytesIO(b"x" * 600_000), name="a.txt", by=alice)
    with pytest.raises(Exception, match="is the most"):
        store_asset(io.BytesIO(b"x" * 600_000), name="b.txt", by=alice)
    assert StorageUse.objects.get().bytes == 600_000


def test_a_full_disk_refuses_files_and_keeps_all_else(alice: User, api: Apis, settings: Any) -> None:
    settings.HOLDFAST_BLOB_STORE, settings.HOLDFAST_MIN_FREE_MB = "filesystem", 10**9
    assert_refused(api(alice).post_form(UPLOAD, file=Upload(PNG, "photo.png")), 507, "STORAGE_FULL")
    assert api(alice).post("/api/sessions", {"session_id": "s-1", "session_name": "S"}).status_code == 200


@pytest.mark.parametrize(
    ("header", "field", "status"),
    [
        ("sha-256=:{right}:", "", 201),
        ("sha-512=:abc=:, sha-256=:{right}:", "", 201),
        ("sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", "", 422),
        ("sha-256=:AAAA:", "", 400),
        ("sha-256=:{right}:", "0" * 64, 400),
        ("sha-512=:abc=:", "", 400),
        ("SHA-256=:{right}:", "", 201),
        ("sha-256=:{right}:, sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", "", 400),
    ],
)
def test_a_digest_can_come_in_a_header(alice: User, api: Apis, header: str, field: str, status: int) -> None:
    right = base64.b64encode(hashlib.sha256(PNG).digest()).decode()
    program = api(alice)
    program.client.defaults["HTTP_CONTENT_DIGEST"] = header.format(right=right)
    assert program.post_form(UPLOAD, file=Upload(PNG, "photo.png"), sha256=field).status_code == status


def test_a_form_sent_again_with_its_key_is_one_asset(alice: User, api: Apis) -> None:
    program = api(alice)
    program.client.defaults["HTTP_IDEMPOTENCY_KEY"] = "upload-1"
    first = program.post_form(UPLOAD, file=Upload(PNG, "photo.png"))
    assert program.post_form(UPLOAD, file=Upload(PNG, "photo.png")).content == first.content
    assert_refused(program.post_form(UPLOAD, file=Upload(PNG + b"x", "photo.png")), 422, "KEY_REUSED")
    assert Asset.objects.count() == 1


def test_a_stored_answer_is_given_again_even_over_the_quota(alice: User, api: Apis, settings: Any) -> None:
    program = api(alice)
    program.client.defaults["HTTP_IDEMPOTENCY_KEY"] = "upload-1"
    first = program.post_form(UPLOAD, file=Upload(PNG, "photo.png"))
    settings.HOLDFAST_QUOTA_FILES = 1
    assert program.post_form(UPLOAD, file=Upload(PNG, "photo.png")).content == first.content
