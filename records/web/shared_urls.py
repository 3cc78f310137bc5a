"""Shared records, under ``/s/``."""

from django.urls import path

from records.web import shared

app_name = "shared"

urlpatterns = [
    path("<str:token>", shared.link, name="link"),
    path("<str:token>/file/<str:signed>", shared.file, name="file"),
]
