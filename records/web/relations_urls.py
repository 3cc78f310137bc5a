"""The pages of Sales, under ``/relations/``."""

from django.urls import path

from records.web import assigning, relations

app_name = "relations"

urlpatterns = [
    path("", relations.index, name="index"),
    path("clinics/new", relations.add, name="add"),
    path("clinics/<uuid:clinic_id>/", relations.clinic_page, name="clinic"),
    path("clinics/<uuid:clinic_id>/edit", relations.edit, name="edit"),
    path("clinics/<uuid:clinic_id>/retire", relations.retire, name="retire"),
    path("clinics/<uuid:clinic_id>/reinstate", relations.reinstate, name="reinstate"),
    path("clinics/<uuid:clinic_id>/volunteers", assigning.find, name="find_volunteer"),
    path(
        "clinics/<uuid:clinic_id>/volunteers/<uuid:volunteer_id>", assigning.assign, name="assign"
    ),
    path("assignments/<uuid:assignment_id>/end", assigning.end, name="end"),
]
