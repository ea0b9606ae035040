from django.urls import path

from sessions_app.pages import views

urlpatterns = [path("", views.collect, name="collect")]
