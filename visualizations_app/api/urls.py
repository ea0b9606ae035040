from django.urls import path

from visualizations_app.api import views

urlpatterns = [
    path("visualizations", views.VisualizationsView.as_view(), name="api-visualizations"),
    path("visualizations/<uuid:uuid>", views.VisualizationView.as_view(), name="api-visualization"),
]
