"""Help, under ``/help/``."""

from django.urls import path

from records.web import help as pages

app_name = "help"

urlpatterns = [
    path("", pages.index, name="index"),
    path("<slug:slug>", pages.page, name="topic"),
]
