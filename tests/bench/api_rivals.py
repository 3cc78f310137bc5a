"""What the API is measured beside: the same answers without rights, audit, history or events.

All of these views pass the same middleware. ``bare`` does nothing; ``sql_…`` is hand-written SQL
through the driver and orjson; ``plain_…`` is what a ModelSerializer makes of the models.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import orjson
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny

from records.models import Clinic, Dose, DoseStatus, Lot, Manufacturer, Patient, Vaccine, Volunteer
from vaxpass.urls import urlpatterns as served

PASSPORT = """
    SELECT d.public_id, d.administered_on, v.short_name, v.cvx_code, m.name, d.lot_number,
        l.recalled_on, c.name, w.first_name, w.last_name, d.site, d.route, d.primary_source,
        t.disease
    FROM records_patient p
    JOIN records_dose d ON d.patient_id = p.id AND d.status = 'completed'
    LEFT JOIN records_lot l
        ON l.manufacturer_id = d.manufacturer_id AND l.number = d.lot_number
    LEFT JOIN records_vaccine v ON v.id = COALESCE(d.vaccine_id, l.vaccine_id)
    LEFT JOIN records_vaccinetarget t ON t.vaccine_id = v.id
    LEFT JOIN records_manufacturer m ON m.id = d.manufacturer_id
    LEFT JOIN records_clinic c ON c.id = d.clinic_id
    LEFT JOIN records_volunteer w ON w.id = d.volunteer_id
    WHERE p.public_id = %s ORDER BY d.administered_on, d.id
"""
DOSES = """
    SELECT d.public_id, d.version, p.public_id, d.status, d.administered_on, l.public_id,
        d.lot_number, m.public_id, v.public_id, d.dose_number, c.public_id, w.public_id, d.site,
        d.route, d.primary_source
    FROM (SELECT * FROM records_dose ORDER BY id LIMIT 50) d
    JOIN records_patient p ON p.id = d.patient_id
    LEFT JOIN records_lot l
        ON l.manufacturer_id = d.manufacturer_id AND l.number = d.lot_number
    LEFT JOIN records_vaccine v ON v.id = COALESCE(d.vaccine_id, l.vaccine_id)
    LEFT JOIN records_manufacturer m ON m.id = d.manufacturer_id
    LEFT JOIN records_clinic c ON c.id = d.clinic_id
    LEFT JOIN records_volunteer w ON w.id = d.volunteer_id
    ORDER BY d.id
"""
PATIENTS = """
    SELECT public_id, version, first_name, last_name, date_of_birth, gender, street_number,
        street_name, city, state, zip_code, country, email, phone
    FROM records_patient ORDER BY id LIMIT 50
"""
AFFECTED = """
    SELECT d.public_id, d.administered_on, p.public_id, p.first_name, p.last_name,
        p.date_of_birth, p.email, p.phone
    FROM records_dose d JOIN records_patient p ON p.id = d.patient_id
    WHERE (d.manufacturer_id, d.lot_number) =
            (SELECT manufacturer_id, number FROM records_lot WHERE public_id = %s)
        AND d.status = 'completed'
    ORDER BY d.id LIMIT 50
"""
RECORD = """
    INSERT INTO records_dose
        (public_id, version, patient_id, manufacturer_id, lot_number, dose_number,
         administered_on, volunteer_id, clinic_id, site, route, status, status_reason,
         primary_source, recorded_by_id)
    SELECT %s, 1, p.id, l.manufacturer_id, l.number,
        1 + COALESCE((SELECT MAX(live_dose_number) FROM records_dose x
                      WHERE x.patient_id = p.id AND x.manufacturer_id = l.manufacturer_id), 0),
        %s, w.id, c.id, %s, %s, 'completed', '', 1,
        (SELECT MIN(id) FROM accounts_user)
    FROM records_patient p, records_lot l, records_volunteer w, records_clinic c
    WHERE p.public_id = %s AND l.public_id = %s AND w.public_id = %s AND c.public_id = %s
"""


def _rows(sql: str, *parameters: Any) -> HttpResponse:
    connection.ensure_connection()
    cursor = connection.connection.cursor()
    cursor.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return HttpResponse(orjson.dumps(rows, default=str), content_type="application/json")


@login_not_required
def bare(request: HttpRequest) -> JsonResponse:
    """Answer at once."""
    return JsonResponse({"ok": True})


@csrf_exempt
@login_not_required
def bare_post(request: HttpRequest) -> JsonResponse:
    """Read what was sent and answer at once."""
    return JsonResponse({"read": len(orjson.loads(request.body))})


@login_not_required
def sql_passport(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Answer by one statement."""
    return _rows(PASSPORT, str(key))


@login_not_required
def sql_doses(request: HttpRequest) -> HttpResponse:
    """Answer by one statement."""
    return _rows(DOSES)


@login_not_required
def sql_patients(request: HttpRequest) -> HttpResponse:
    """Answer by one statement."""
    return _rows(PATIENTS)


@login_not_required
def sql_affected(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Answer by one statement."""
    return _rows(AFFECTED, str(key))


@csrf_exempt
@login_not_required
def sql_record(request: HttpRequest) -> HttpResponse:
    """Insert by one statement."""
    given = orjson.loads(request.body)
    key = str(uuid.uuid4())
    connection.ensure_connection()
    names = ("administered_on", "site", "route", "patient", "lot", "volunteer", "clinic")
    connection.connection.cursor().execute(RECORD, (key, *(given[name] for name in names)))
    return HttpResponse(orjson.dumps({"id": key}), content_type="application/json", status=201)


def _nested(of: type[Any], *names: str) -> type[serializers.ModelSerializer[Any]]:
    meta = type("Meta", (), {"model": of, "fields": names})
    return type(f"Plain{of.__name__}", (serializers.ModelSerializer,), {"Meta": meta})


class PlainDose(serializers.ModelSerializer[Dose]):
    """A dose with all that it names."""

    patient = _nested(Patient, "public_id", "first_name", "last_name", "date_of_birth")()
    manufacturer = _nested(Manufacturer, "public_id", "name", "mvx_code")()
    clinic = _nested(Clinic, "public_id", "code", "name")()
    volunteer = _nested(Volunteer, "public_id", "code", "first_name", "last_name")()
    vaccine = _nested(Vaccine, "public_id", "cvx_code", "short_name")(source="given_vaccine")

    class Meta:
        model = Dose
        fields: ClassVar[tuple[str, ...]] = (
            *("public_id", "version", "patient", "manufacturer", "clinic", "volunteer", "vaccine"),
            *("lot_number", "dose_number", "administered_on", "site", "route", "status"),
            *("status_reason", "primary_source"),
        )


class PlainPatient(serializers.ModelSerializer[Patient]):
    """A patient with all doses."""

    doses = PlainDose(many=True)

    class Meta:
        model = Patient
        fields = ("public_id", "first_name", "last_name", "date_of_birth", "gender", "doses")


RELATED = ("patient", "manufacturer", "clinic", "volunteer", "vaccine", "lot__vaccine")
WITH_DOSES = ("doses", *(f"doses__{name}" for name in RELATED if name != "patient"))


class Page(CursorPagination):
    """The framework's own cursor."""

    page_size = 50
    ordering = "id"


class Open(generics.GenericAPIView[Any]):
    """No rights are asked for."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    filter_backends = ()


class PlainPassport(Open, generics.RetrieveAPIView[Patient]):
    """A patient with doses."""

    queryset = Patient.objects.prefetch_related(*WITH_DOSES)
    serializer_class = PlainPatient
    lookup_field = "public_id"
    lookup_url_kwarg = "key"


class PlainDoses(Open, generics.ListAPIView[Dose]):
    """Fifty doses."""

    queryset = Dose.objects.select_related(*RELATED)
    serializer_class = PlainDose
    pagination_class = Page


class PlainPatients(Open, generics.ListAPIView[Patient]):
    """Fifty patients."""

    queryset = Patient.objects.all()
    serializer_class = _nested(
        Patient,
        *("public_id", "version", "first_name", "last_name", "date_of_birth", "gender"),
        *("street_number", "street_name", "city", "state", "zip_code", "country", "email", "phone"),
    )
    pagination_class = Page


class PlainAffected(PlainDoses):
    """Fifty doses of a lot."""

    def get_queryset(self) -> Any:
        """Return the completed doses of the lot."""
        lot = Lot.objects.get(public_id=self.kwargs["key"])
        return self.queryset.filter(lot=lot, status=DoseStatus.COMPLETED)


class PlainInput(serializers.ModelSerializer[Dose]):
    """A dose by the identifiers of what it names."""

    patient = serializers.SlugRelatedField("public_id", queryset=Patient.objects.all())
    lot = serializers.SlugRelatedField("public_id", queryset=Lot.objects.all())
    clinic = serializers.SlugRelatedField("public_id", queryset=Clinic.objects.all())
    volunteer = serializers.SlugRelatedField("public_id", queryset=Volunteer.objects.all())

    class Meta:
        model = Dose
        fields = ("patient", "lot", "clinic", "volunteer", "administered_on", "site", "route")
        validators: ClassVar[tuple[Any, ...]] = ()

    def create(self, validated_data: Any) -> Dose:
        """Insert the dose, with the next number, and nothing else."""
        patient, lot = validated_data["patient"], validated_data["lot"]
        given = Dose.objects.filter(patient=patient, manufacturer=lot.manufacturer_id)
        last = given.order_by("-live_dose_number").values_list("live_dose_number", flat=True)
        dose = Dose(dose_number=(last.first() or 0) + 1, recorded_by_id=1, **validated_data)
        dose.skip_history_when_saving = True  # type: ignore[attr-defined]
        dose.save()
        return dose


class PlainRecord(Open, generics.CreateAPIView[Dose]):
    """Record a dose."""

    serializer_class = PlainInput


rivals = [
    path("bare", bare),
    path("bare-post", bare_post),
    path("sql/passport/<uuid:key>", sql_passport),
    path("sql/doses", sql_doses),
    path("sql/patients", sql_patients),
    path("sql/affected/<uuid:key>", sql_affected),
    path("sql/record", sql_record),
    path("plain/passport/<uuid:key>", login_not_required(PlainPassport.as_view())),
    path("plain/doses", login_not_required(PlainDoses.as_view())),
    path("plain/patients", login_not_required(PlainPatients.as_view())),
    path("plain/affected/<uuid:key>", login_not_required(PlainAffected.as_view())),
    path("plain/record", login_not_required(csrf_exempt(PlainRecord.as_view()))),
]
# One pattern, so that no request has to be held against all rivals' before its own.
urlpatterns = [path("api/bench/", include(rivals)), *served]
