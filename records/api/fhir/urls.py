"""Addresses of FHIR R4."""

from typing import Any

from django.urls import path, re_path

from records.api.fhir import views
from records.api.fhir.health_cards import HealthCards
from records.api.fhir.metadata import Metadata
from records.api.unknown import Unknown


class UnknownResource(views.FhirView, Unknown):
    """Answer 404 with an OperationOutcome."""


READ: dict[str, Any] = {"get": "retrieve"}
SEARCH: dict[str, Any] = {"get": "list"}

urlpatterns = [
    path("metadata", Metadata.as_view(), name="fhir-metadata"),
    path("Patient", views.Patients.as_view(SEARCH), name="fhir-patients"),
    path("Patient/<uuid:id>", views.Patients.as_view(READ), name="fhir-patient"),
    path(
        "Patient/<uuid:id>/$everything",
        views.Patients.as_view({"get": "everything"}),
        name="fhir-everything",
    ),
    path(
        "Patient/<uuid:id>/$health-cards-issue",
        HealthCards.as_view({"post": "issue"}),
        name="fhir-health-cards-issue",
    ),
    path(
        "Immunization",
        views.Immunizations.as_view({**SEARCH, "post": "create"}),
        name="fhir-immunizations",
    ),
    path("Immunization/<uuid:id>", views.Immunizations.as_view(READ), name="fhir-immunization"),
    path("Organization/<uuid:id>", views.Organizations.as_view(READ), name="fhir-organization"),
    path("Location/<uuid:id>", views.Locations.as_view(READ), name="fhir-location"),
    path("Practitioner/<uuid:id>", views.Practitioners.as_view(READ), name="fhir-practitioner"),
    re_path("", UnknownResource.as_view(), name="fhir-unknown"),
]
