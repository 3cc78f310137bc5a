"""The patient's portal, under ``/passport/``."""

from django.urls import path

from records.web import (
    passport,
    passport_access,
    passport_cards,
    passport_history,
    passport_log,
    shares,
)

app_name = "passport"

urlpatterns = [
    path("", passport.index, name="index"),
    path("<uuid:patient_id>/", passport.passport, name="passport"),
    path("<uuid:patient_id>/card", passport_cards.cards, name="cards"),
    path("<uuid:patient_id>/card/<uuid:credential_id>", passport_cards.card, name="card"),
    path(
        "<uuid:patient_id>/card/<uuid:credential_id>/<str:name>",
        passport_cards.file,
        name="card_file",
    ),
    path("<uuid:patient_id>/certificate.pdf", passport.certificate, name="certificate"),
    path("<uuid:patient_id>/history", passport_history.history, name="history"),
    path("<uuid:patient_id>/log", passport_log.log, name="log"),
    path("<uuid:patient_id>/contact", passport_access.contact, name="contact"),
    path("<uuid:patient_id>/access", passport_access.who, name="access"),
    path(
        "<uuid:patient_id>/access/<uuid:grant_id>/remove",
        passport_access.remove,
        name="remove_access",
    ),
    path("<uuid:patient_id>/shares", shares.index, name="shares"),
    path("<uuid:patient_id>/shares/new", shares.create, name="share_new"),
    path("<uuid:patient_id>/shares/<uuid:link_id>", shares.show, name="share"),
    path("<uuid:patient_id>/shares/<uuid:link_id>/revoke", shares.revoke, name="revoke_share"),
]
