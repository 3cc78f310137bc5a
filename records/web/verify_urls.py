"""Checking a code, under ``/verify/``."""

from django.urls import path

from records.web import verify

app_name = "verify"

urlpatterns = [
    path("", verify.page, name="page"),
    path("trust.json", verify.trust, name="trust"),
    path("words.json", verify.words, name="words"),
    path("app.webmanifest", verify.manifest, name="manifest"),
    path("sw.js", verify.service_worker, name="service_worker"),
]
