from django.urls import path

from assets_app.api import sharing_views, views

ONE = "assets/<uuid:asset_id>"

urlpatterns = [
    path("upload-asset", views.UploadAssetView.as_view(), name="upload-asset"),
    path("assets", views.AssetsView.as_view(), name="assets"),
    path("assets/bulk-delete", views.BulkDeleteView.as_view(), name="assets-delete"),
    path("clients/<path:client_id>/assets", views.ClientAssetsView.as_view(), name="client-assets"),
    path("campaigns/<path:campaign_id>/assets", views.CampaignAssetsView.as_view(), name="campaign-assets"),
    path("usage", views.UsageView.as_view(), name="usage"),
    path(ONE, views.AssetView.as_view(), name="asset"),
    path(f"{ONE}/data", views.AssetDataView.as_view(), name="asset-data"),
    path(f"{ONE}/thumbnail", views.ThumbnailView.as_view(), name="asset-thumbnail"),
    path(f"{ONE}/restore", views.RestoreAssetView.as_view(), name="asset-restore"),
    path(f"{ONE}/shares", sharing_views.SharesView.as_view(), name="asset-shares"),
    path(f"{ONE}/shares/<str:username>", sharing_views.ShareView.as_view(), name="asset-share"),
    path(f"{ONE}/links", sharing_views.LinksView.as_view(), name="asset-links"),
    path(f"{ONE}/links/<uuid:link_id>", sharing_views.LinkView.as_view(), name="asset-link"),
    path(f"{ONE}/publish", sharing_views.PublishView.as_view(), name="asset-publish"),
]
