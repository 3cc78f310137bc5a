"""Addresses of the API, version 1; no trailing slash."""

from django.urls import URLPattern, URLResolver, path, re_path
from rest_framework.routers import SimpleRouter

from records.api.affected import Affected, AffectedCounts
from records.api.assignments import Assignments
from records.api.bulk import DoseBulk
from records.api.clinics import Clinics
from records.api.credentials import Credentials, PatientCredentials
from records.api.doses import Doses
from records.api.enrolments import Enrolments
from records.api.eu_products import EuProducts
from records.api.identifiers import Identifiers
from records.api.jobs import Imports
from records.api.lots import Lots
from records.api.manufacturers import Manufacturers
from records.api.merges import Merges
from records.api.passport import PassportView
from records.api.patients import Patients
from records.api.schema import DocsPage, SchemaView
from records.api.share_links import PatientShareLinks, ShareLinks
from records.api.unknown import Unknown
from records.api.vaccines import Vaccines
from records.api.verify import Verify
from records.api.volunteers import Volunteers

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("doses", Doses, basename="api-doses")
router.register("patients", Patients, basename="api-patients")
router.register("lots", Lots, basename="api-lots")
router.register("clinics", Clinics, basename="api-clinics")
router.register("enrolments", Enrolments, basename="api-enrolments")
router.register("merges", Merges, basename="api-merges")
router.register(
    "patients/<uuid:patient>/identifiers", Identifiers, basename="api-patient-identifiers"
)
router.register("manufacturers", Manufacturers, basename="api-manufacturers")
router.register("vaccines", Vaccines, basename="api-vaccines")
router.register("eu-products", EuProducts, basename="api-eu-products")
router.register("volunteers", Volunteers, basename="api-volunteers")
router.register("imports", Imports, basename="api-imports")
router.register("assignments", Assignments, basename="api-assignments")
router.register("share-links", ShareLinks, basename="api-share-links")
router.register("credentials", Credentials, basename="api-credentials")

# Patterns are tried in turn: what is asked most often stands first, here and above.
urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "patients/<uuid:id>/passport",
        PassportView.as_view({"get": "retrieve"}),
        name="api-patients-passport",
    ),
    path(
        "verify",
        Verify.as_view({"post": "check"}, basename="api-verify"),
        name="api-verify",
    ),
    path("lots/<uuid:lot>/affected", Affected.as_view({"get": "list"}), name="api-lots-affected"),
    path(
        "doses/bulk",
        DoseBulk.as_view({"post": "record"}, basename="api-doses-bulk"),
        name="api-doses-bulk",
    ),
    *router.urls,
    path(
        "patients/<uuid:patient>/credentials",
        PatientCredentials.as_view(
            {"get": "list", "post": "issue"}, basename="api-patient-credentials"
        ),
        name="api-patient-credentials",
    ),
    path(
        "patients/<uuid:survivor>/merge",
        Merges.as_view({"post": "merge"}),
        name="api-patients-merge",
    ),
    path(
        "lots/<uuid:lot>/affected/counts",
        AffectedCounts.as_view({"get": "counts"}),
        name="api-lots-affected-counts",
    ),
    path(
        "patients/<uuid:patient>/share-links",
        PatientShareLinks.as_view({"get": "list", "post": "create"}),
        name="api-patients-share-links",
    ),
    path("schema", SchemaView.as_view(), name="api-schema"),
    path("docs", DocsPage.as_view(), name="api-docs"),
    re_path("", Unknown.as_view(), name="api-unknown"),
]
