"""The patient's portal, under ``/passport/``."""

from django.urls import path

from records.web import passport

app_name = "passport"

urlpatterns = [
    path("", passport.index, name="index"),
    path("<uuid:patient_id>/", passport.passport, name="passport"),
]
