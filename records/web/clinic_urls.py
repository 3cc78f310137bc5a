"""The clinic workspace, under ``/clinic/``."""

from django.urls import path

from records.web import (
    clinic_cards,
    clinic_details,
    clinic_doses,
    clinic_find,
    clinic_merging,
    clinic_patients,
    clinic_portal,
    clinic_queue,
    clinic_session,
    offline,
)

app_name = "clinic"

urlpatterns = [
    path("", clinic_find.find, name="find"),
    path("shift", clinic_find.shift_page, name="shift"),
    path("elsewhere", clinic_find.elsewhere, name="elsewhere"),
    path("queue", clinic_queue.queue, name="queue"),
    path("queue/<uuid:check_in_id>/take", clinic_queue.take, name="take"),
    path("queue/<uuid:check_in_id>/put-back", clinic_queue.put_back, name="put_back"),
    path("queue/<uuid:check_in_id>/leave", clinic_queue.leave, name="leave"),
    path("next", clinic_queue.next_patient, name="next"),
    path("session", clinic_session.session, name="session"),
    path("sw.js", offline.service_worker, name="service_worker"),
    path("offline/", offline.page, name="offline"),
    path("offline/session", offline.session_data, name="offline_session"),
    path("offline/shift", offline.shift_data, name="offline_shift"),
    path("offline/doses", offline.doses, name="offline_doses"),
    path("offline/discarded", offline.discarded, name="offline_discarded"),
    path("patients/new", clinic_patients.register, name="register"),
    path("patients/<uuid:patient_id>/", clinic_patients.patient_page, name="patient"),
    path("patients/<uuid:patient_id>/enrol", clinic_find.enrol, name="enrol"),
    path("patients/<uuid:patient_id>/check-in", clinic_queue.check_in, name="check_in"),
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
    path(
        "patients/<uuid:patient_id>/certificate.pdf",
        clinic_cards.certificate,
        name="certificate",
    ),
    path("patients/<uuid:patient_id>/edit", clinic_details.edit, name="edit_patient"),
    path("patients/<uuid:patient_id>/numbers", clinic_details.add_number, name="add_number"),
    path("patients/<uuid:patient_id>/same-person", clinic_merging.propose, name="propose_merge"),
    path("patients/<uuid:patient_id>/take-home", clinic_portal.take_home, name="take_home"),
    path("patients/<uuid:patient_id>/identity", clinic_portal.identity, name="identity"),
    path("patients/<uuid:patient_id>/claim-code", clinic_portal.claim_code, name="claim_code"),
    path("patients/<uuid:patient_id>/hand-over", clinic_portal.hand_over, name="hand_over"),
    path("doses/<uuid:dose_id>/", clinic_doses.dose_page, name="dose"),
    path("doses/<uuid:dose_id>/amend", clinic_doses.amend, name="amend"),
    path("doses/<uuid:dose_id>/void", clinic_doses.void, name="void"),
    path("doses/<uuid:dose_id>/undo", clinic_doses.undo, name="undo"),
]
