from django.urls import path

from sessions_app.api import belongings_views, conflict_views, history_views, views

ONE = "sessions/<str:session_id>"

urlpatterns = [
    path("sessions", views.SessionsView.as_view(), name="api-sessions"),
    path("sessions/deleted", views.TrashView.as_view(), name="api-trash"),
    path(ONE, views.SessionView.as_view(), name="api-session"),
    path(f"{ONE}/versions", history_views.VersionsView.as_view(), name="api-versions"),
    path(f"{ONE}/versions/<str:number>", history_views.VersionView.as_view(), name="api-version"),
    path(f"{ONE}/diff", history_views.DiffView.as_view(), name="api-diff"),
    path(f"{ONE}/restore", history_views.RestoreView.as_view(), name="api-restore"),
    path(f"{ONE}/activity", history_views.ActivityView.as_view(), name="api-activity"),
    path(f"{ONE}/files", belongings_views.FilesView.as_view(), name="api-files"),
    path(f"{ONE}/lease", belongings_views.LeaseView.as_view(), name="api-lease"),
    path(f"{ONE}/members", belongings_views.MembersView.as_view(), name="api-members"),
    path(f"{ONE}/members/<str:username>", belongings_views.MemberView.as_view(), name="api-member"),
    path("conflicts", conflict_views.ConflictsView.as_view(), name="api-conflicts"),
    path("conflicts/settle", conflict_views.SettleManyView.as_view(), name="api-settle"),
    path("conflicts/<str:conflict_id>", conflict_views.ConflictView.as_view(), name="api-conflict"),
    path("conflicts/<str:conflict_id>/resolve", conflict_views.ResolveView.as_view(), name="api-resolve"),
    path("conflicts/<str:conflict_id>/dismiss", conflict_views.DismissView.as_view(), name="api-dismiss"),
    path("conflicts/<str:conflict_id>/reopen", conflict_views.ReopenView.as_view(), name="api-reopen"),
    path("conflicts/<str:conflict_id>/assign", conflict_views.AssignView.as_view(), name="api-assign"),
]
