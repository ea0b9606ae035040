from django.urls import path

from sessions_app.pages import editor, panel, views

ONE = "<str:session_id>/"

urlpatterns = [
    path("", views.session_list, name="session-list"),
    path("trash/", panel.trash, name="trash"),
    path(ONE, views.session_detail, name="session"),
    path(f"{ONE}checked.csv", editor.checked_list, name="checked-list"),
    path(f"{ONE}members/", panel.members, name="session-members"),
    path(f"{ONE}versions/<int:number>/", panel.version, name="session-version"),
    path(f"{ONE}delete/", panel.delete, name="session-delete"),
    path(f"{ONE}undelete/", panel.undelete, name="session-undelete"),
]
