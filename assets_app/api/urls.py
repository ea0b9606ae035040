from django.urls import path

from assets_app.api import views

urlpatterns = [
    path("upload-asset", views.UploadAssetView.as_view(), name="upload-asset"),
    path("assets/<uuid:asset_id>", views.AssetView.as_view(), name="asset"),
    path("assets/<uuid:asset_id>/data", views.AssetDataView.as_view(), name="asset-data"),
]
