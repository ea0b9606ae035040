from django.urls import path

from assets_app.pages import adding, details, gallery, sharing

ONE = "<uuid:asset_id>/"

urlpatterns = [
    path("", gallery.gallery, name="gallery"),
    path("add/", adding.add, name="gallery-add"),
    path("delete/", gallery.delete, name="gallery-delete"),
    path("trash/", gallery.trash, name="gallery-trash"),
    path(ONE, details.asset, name="gallery-asset"),
    path(f"{ONE}restore/", gallery.restore, name="gallery-restore"),
    path(f"{ONE}examine/", details.examine, name="gallery-examine"),
    path(f"{ONE}shares/", sharing.shares, name="gallery-shares"),
    path(f"{ONE}links/", sharing.make_link, name="gallery-links"),
    path(f"{ONE}links/<uuid:link_id>/revoke/", sharing.revoke, name="gallery-revoke"),
    path(f"{ONE}publish/", sharing.publish, name="gallery-publish"),
]
