"""Every prefix on one screen."""

from csp.decorators import csp_update
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny

from assets_app.api.asset_origin import signed_data
from assets_app.api.changes import ChangesView
from assets_app.api.public_views import published_data, shared_data
from assets_app.pages.shared import shared_asset
from config import api, health

handler400 = api.bad_request
handler403 = api.forbidden
handler404 = api.not_found
handler500 = api.server_error

# The page's script writes its icons' styles itself. Scripts stay ours alone.
with_inline_styles = csp_update({"style-src": ["'self'", "'unsafe-inline'"]})

# Anyone may read what the API is; nothing of anybody's is in it. The schema comes as YAML or JSON, as asked for.
PUBLIC = {"permission_classes": [AllowAny], "content_negotiation_class": DefaultContentNegotiation}

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="session-list"), name="home"),
    path("assets/", include("assets_app.pages.gallery_urls")),
    path("collect/", include("sessions_app.pages.collect_urls")),
    path("sessions/", include("sessions_app.pages.urls")),
    path("conflicts/", include("sessions_app.pages.conflict_urls")),
    path("accounts/", include("assets_app.pages.urls")),
    path("admin/", admin.site.urls),
    path("api/v2/", include("assets_app.api.urls")),
    path("api/changes", ChangesView.as_view(), name="api-changes"),
    path("api/", include("sessions_app.api.urls")),
    path("api/", include("visualizations_app.api.urls")),
    path("api/schema", api.only_get(SpectacularAPIView.as_view(**PUBLIC)), name="schema"),
    path(
        "api/docs",
        api.only_get(with_inline_styles(SpectacularSwaggerSplitView.as_view(url_name="schema", **PUBLIC))),
        name="api-docs",
    ),
    path("s/<str:secret>", shared_asset, name="shared"),
    path("s/<str:secret>/data", api.only_get(shared_data), name="shared-data"),
    path("b/<str:sha256>", api.only_get(published_data), name="published"),
    path("signed/<str:address>", api.only_get(signed_data), name="signed-data"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
