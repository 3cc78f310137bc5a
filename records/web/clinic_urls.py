"""The clinic workspace, under ``/clinic/``."""

from django.urls import path

from records.web import (
    clinic_cards,
    clinic_doses,
    clinic_find,
    clinic_patients,
    clinic_portal,
)

app_name = "clinic"

urlpatterns = [
    path("", clinic_find.find, name="find"),
    path("shift", clinic_find.shift_page, name="shift"),
    path("elsewhere", clinic_find.elsewhere, name="elsewhere"),
    path("patients/new", clinic_patients.register, name="register"),
    path("patients/<uuid:patient_id>/", clinic_patients.patient_page, name="patient"),
    path("patients/<uuid:patient_id>/enrol", clinic_find.enrol, name="enrol"),
    path("patients/<uuid:patient_id>/record", clinic_doses.record, name="record"),
    path(
        "patients/<uuid:patient_id>/record-not-given",
        clinic_doses.record_not_given,
        name="record_not_given",
    ),
    path(
        "patients/<uuid:patient_id>/record-elsewhere",
        clinic_doses.record_outside,
        name="record_outside",
    ),
    path("patients/<uuid:patient_id>/card", clinic_cards.cards, name="cards"),
    path("patients/<uuid:patient_id>/card/<uuid:credential_id>", clinic_cards.card, name="card"),
    path(
        "patients/<uuid:patient_id>/card/<uuid:credential_id>/<str:name>",
        clinic_cards.file,
        name="card_file",
    ),
    path("patients/<uuid:patient_id>/identity", clinic_portal.identity, name="identity"),
    path("patients/<uuid:patient_id>/claim-code", clinic_portal.claim_code, name="claim_code"),
    path("patients/<uuid:patient_id>/hand-over", clinic_portal.hand_over, name="hand_over"),
    path("doses/<uuid:dose_id>/", clinic_doses.dose_page, name="dose"),
    path("doses/<uuid:dose_id>/amend", clinic_doses.amend, name="amend"),
    path("doses/<uuid:dose_id>/void", clinic_doses.void, name="void"),
]
