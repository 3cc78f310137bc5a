"""Addresses under `/.well-known/` (RFC 8615)."""

from __future__ import annotations

from django.urls import path

from records.web import well_known

app_name = "well_known"
urlpatterns = [
    path("jwks.json", well_known.keys, name="keys"),
    path("crl/<str:kid>.json", well_known.revocations, name="revocations"),
]
