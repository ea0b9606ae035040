from django.urls import path

from sessions_app.pages import conflicts

urlpatterns = [
    path("", conflicts.conflict_list, name="conflicts"),
    path("<uuid:conflict_id>/", conflicts.conflict, name="conflict"),
]
