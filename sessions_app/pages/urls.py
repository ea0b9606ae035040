from django.urls import path

from sessions_app.pages import views

urlpatterns = [
    path("", views.session_list, name="session-list"),
    path("<str:session_id>/", views.session_detail, name="session"),
]
