"""The patient's portal, under ``/passport/``."""

from django.urls import path

from records.web import passport, passport_access, passport_log

app_name = "passport"

urlpatterns = [
    path("", passport.index, name="index"),
    path("<uuid:patient_id>/", passport.passport, name="passport"),
    path("<uuid:patient_id>/log", passport_log.log, name="log"),
    path("<uuid:patient_id>/contact", passport_access.contact, name="contact"),
    path("<uuid:patient_id>/access", passport_access.who, name="access"),
    path(
        "<uuid:patient_id>/access/<uuid:grant_id>/remove",
        passport_access.remove,
        name="remove_access",
    ),
]
