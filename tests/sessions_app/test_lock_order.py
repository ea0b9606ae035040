"""Two uploads for one session at the same moment: each may wait, but never for each other."""

import io
import json
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from assets_app.models import StorageUse
from assets_app.operations.assets import delete_assets
from assets_app.operations.intake import keep_asset, receive_bytes
from assets_app.operations.quotas import repair_uses
from sessions_app.models import SessionFile
from sessions_app.operations.collect import collect_file
from sessions_app.operations.files import attach_file
from tests.make import PNG, make_asset, make_recording

SIDECAR = {"timestamp": "2025-12-14T10:24:07.182Z", "labels": []}
# Until the labels wait, and shorter than PostgreSQL lets anybody wait.
MEANWHILE = 1


@pytest.mark.django_db(transaction=True)
def test_labels_and_an_attachment_for_one_session_do_not_block_each_other(alice: User) -> None:
    """PostgreSQL would break one of them off, and somebody's file would be refused for no reason that they could see."""
    session = make_recording(by=alice).session
    failures: list[BaseException] = []

    def send_labels() -> None:
        try:
            collect_file(io.BytesIO(json.dumps(SIDECAR).encode()), name="2025-12-14T10_24_07.182Z.meta.json", by=alice)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    with receive_bytes(io.BytesIO(PNG), name="photo.png") as received, transaction.atomic():
        asset = keep_asset(received, by=alice)
        labels = Thread(target=send_labels)
        labels.start()
        labels.join(MEANWHILE)
        attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    labels.join()
    assert failures == []
    assert SessionFile.objects.filter(session=session).count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_same_files_deleted_in_other_orders_do_not_block_each_other(alice: User) -> None:
    """With an `Idempotency-Key` a whole list is one transaction, and clients list files as they like."""
    first, second = sorted(make_asset(by=alice).pk for _each in range(2))
    failures: list[BaseException] = []

    def delete_both() -> None:
        try:
            with transaction.atomic():
                delete_assets(ids=[second, first], by=alice)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        delete_assets(ids=[first], by=alice)
        other = Thread(target=delete_both)
        other.start()
        other.join(MEANWHILE)
        delete_assets(ids=[second], by=alice)
    other.join()
    assert failures == []


@pytest.mark.django_db(transaction=True)
def test_counting_anew_forgets_no_file_that_comes_meanwhile(alice: User) -> None:
    """`fsck --repair` while people upload: what it noted wrongly would refuse somebody's files, or let them keep too many."""
    make_asset(by=alice)
    StorageUse.objects.update(files=7)

    def repair() -> None:
        try:
            repair_uses()
        finally:
            connection.close()

    with receive_bytes(io.BytesIO(PNG), name="photo.png") as received, transaction.atomic():
        keep_asset(received, by=alice)
        other = Thread(target=repair)
        other.start()
        other.join(MEANWHILE)
    other.join()
    assert StorageUse.objects.get().files == 2
