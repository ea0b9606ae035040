from django.urls import path

from sessions_app.api import views

urlpatterns = [
    path("sessions", views.SessionsView.as_view(), name="api-sessions"),
    path("sessions/<str:session_id>", views.SessionView.as_view(), name="api-session"),
]
