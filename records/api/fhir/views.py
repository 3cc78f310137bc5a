"""The resources over HTTP."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

from django.db.models import Q
from django.http import Http404
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import access
from records.api.base import VALID_TO, Resource
from records.api.conditions import answer, etag_of
from records.api.dose_filter import of_lots, of_vaccine
from records.api.fhir import kinds
from records.api.fhir.doses import IMMUNIZATION, dose_of, immunizations, with_vaccine
from records.api.fhir.kinds import Kind
from records.api.fhir.media import FhirParser, FhirRenderer, Negotiation, handle
from records.api.fhir.search import Search, by_code, by_day, by_id, by_prefix, exactly
from records.api.filters import need_company
from records.api.paging import KEY, MOST, USUAL, Order, Page
from records.api.patient_filter import holders_of
from records.api.rendering import JSONParser, JSONRenderer
from records.api.shapes import Row
from records.api.taken import counted
from records.codecs.fhir.answers import searchset
from records.codecs.fhir.people import replaced_patient
from records.codecs.fhir.terms import CVX, Json, system_of
from records.domain import doses
from records.domain.idempotency import Done
from records.domain.patients import resolve_patient
from records.domain.reading import LIST, PASSPORT, RECORD, note_read
from records.history import version_by_id
from records.models import OPEN_ENDED, Dose, Lot, Vaccine
from records.models.base import TICK

STATUSES = "http://hl7.org/fhir/event-status"
# Beside a type's own search parameters; a page is where the link of another one leads.
PAGING = frozenset({"_count", "since", "before"})
BY_KEY = Order(KEY, KEY, descending=False)


def _numbered(value: str) -> Q:
    system, bar, number = value.partition("|")
    if not (bar and system and number):
        raise ValueError(_("Give system|value."))
    return Q(pk__in=holders_of(system_of(system), number))


def _of_vaccine(code: str) -> Q:
    vaccine = Vaccine.objects.filter(cvx_code=code).first()
    return of_vaccine(vaccine) if vaccine else Q(pk__in=())


def _of_lot(number: str) -> Q:
    return of_lots(Lot.objects.filter(number=number))


class FhirView(APIView):
    """What every address of FHIR shares: its JSON, and refusals as OperationOutcome."""

    schema = None  # the CapabilityStatement describes it
    renderer_classes = (FhirRenderer, JSONRenderer)
    parser_classes = (FhirParser, JSONParser)
    content_negotiation_class = Negotiation

    def get_exception_handler(self) -> Any:
        """Return what makes an OperationOutcome."""
        return handle


class FhirResource(FhirView, Resource):
    """A type of resource: read by identifier and, where it has ``sought_by``, searched."""

    kind: ClassVar[Kind]
    sought_by: ClassVar[tuple[Search, ...]] = ()
    # Parameters that alone would read the whole table, each with those of which it needs one.
    beside: ClassVar[dict[str, tuple[str, ...]]] = {}
    includes: ClassVar[dict[str, tuple[Kind, str]]] = {}
    repeats = True  # and so asks for both

    def parameters(self) -> frozenset[str]:
        """Return the names that the query of this action may hold."""
        names = {"_format"}
        if self.action == "list":
            names |= PAGING | {search.name for search in self.sought_by}
            names |= {"_include"} if self.includes else set()
        return frozenset(names)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a Bundle: one page of what was searched for."""
        page = _page(request)
        asked = request.query_params
        included = self._included(asked.getlist("_include"))
        need_company(asked.keys(), self.beside)
        sought = Q()
        for search in self.sought_by:
            sought &= search.asked(asked.getlist(search.name))
        found, more = page.find(self.get_queryset().filter(sought))
        rows = [Row(row, row) for row in self.kind.read(found)]
        self._note(rows[: page.limit], LIST)
        cut = page.wrap(request, rows, more)
        links = {
            "self": request.build_absolute_uri(),
            "next": cut["next"],
            "previous": cut["previous"],
        }
        resources = self.kind.make(request.user, cut["results"])
        beside = [
            resource
            for kind, column in included
            for resource in kind.visible(request, (row[column] for row in cut["results"]))
        ]
        return Response(searchset(base_of(request), resources, links=links, included=beside))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one resource."""
        rows = self.get_queryset().filter(public_id=self.kwargs["id"])
        values = self.kind.read(rows)
        if not values:
            raise Http404
        self._note([Row(row, row) for row in values], RECORD)
        [resource] = self.kind.make(request.user, values)
        return self.shown(request, resource, values[0]["changed_at"])

    def shown(self, request: Request, resource: Json, changed_at: dt.datetime) -> Response:
        """Return the resource with its version and age."""
        return stamped(Response(resource), resource, changed_at)

    def _included(self, names: Any) -> Any:
        if unknown := set(names) - set(self.includes):
            raise ValidationError(
                {"_include": _("Unknown: %(value)s.") % {"value": ", ".join(sorted(unknown))}}
            )
        return [self.includes[name] for name in dict.fromkeys(names)]


class ReferenceResource(FhirResource):
    """A type that shows one row and nothing else: its version tells whether it has changed."""

    def shown(self, request: Request, resource: Json, changed_at: dt.datetime) -> Response:
        """Return the resource, or 304 for who has it."""
        response = answer(request, resource, etag_of(int(resource["meta"]["versionId"])))
        return stamped(response, resource, changed_at)


class Organizations(ReferenceResource):
    """Manufacturers."""

    kind = kinds.ORGANIZATION
    model = kind.model
    scope = kind.scope
    needs = {"list": kind.needs}


class Locations(ReferenceResource):
    """Clinics."""

    kind = kinds.LOCATION
    model = kind.model
    scope = kind.scope
    needs = {"list": kind.needs}


class Practitioners(ReferenceResource):
    """Volunteers."""

    kind = kinds.PRACTITIONER
    model = kind.model
    scope = kind.scope
    needs = {"list": kind.needs}


class Immunizations(FhirResource):
    """Doses."""

    kind = IMMUNIZATION
    model = kind.model
    scope = kind.scope
    needs = {"list": kind.needs, "create": ("add_dose",)}
    patient_column = "patient_id"
    sought_by = (
        Search("_id", "token", "The identifier.", by_id("public_id")),
        Search(
            "patient", "reference", "Who was immunized.", by_id("patient__public_id", "Patient")
        ),
        Search("date", "date", "The day on which it was given.", by_day("administered_on")),
        Search(
            "status",
            "token",
            "completed, entered-in-error or not-done.",
            by_code(STATUSES, lambda status: Q(status=status)),
        ),
        Search(
            "vaccine-code",
            "token",
            "The CVX code.",
            by_code(CVX, _of_vaccine),
        ),
        Search("lot-number", "string", "The whole number of the lot.", exactly(_of_lot)),
        Search("location", "reference", "The clinic.", by_id("clinic__public_id", "Location")),
    )
    beside = {"status": ("_id", "patient", "date", "vaccine-code", "lot-number", "location")}
    includes = {
        "Immunization:patient": (kinds.PATIENT, "patient__public_id"),
        "Immunization:manufacturer": (kinds.ORGANIZATION, "manufacturer__public_id"),
        "Immunization:location": (kinds.LOCATION, "clinic__public_id"),
        "Immunization:performer": (kinds.PRACTITIONER, "volunteer__public_id"),
    }

    def annotate(self, rows: Any, moment: dt.datetime | None) -> Any:
        """Add the vaccine."""
        return with_vaccine(rows)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record a dose, or that it was not given.

        The header ``Confirmed`` lists the codes of what a person has judged.
        """
        if "If-None-Exist" in request.headers:
            # Passing it over would record what the sender wants to have once.
            raise ValidationError({"If-None-Exist": _("Send an Idempotency-Key instead.")})
        codes = request.headers.get("Confirmed", "").split(",")
        confirmed = [code.strip() for code in codes if code.strip()]

        given: dict[str, Any] = {}

        def record() -> Dose:
            given.update(dose_of(request.user, request.data, base_of(request)))
            return doses.record_dose(by=request.user, confirmed=confirmed, **given)

        with counted(request.user, given):
            response = self.done(record, status.HTTP_201_CREATED)
        changed_at = dt.datetime.fromisoformat(response.data["meta"]["lastUpdated"])
        return stamped(response, response.data, changed_at)

    def version(self, result: Done) -> Json:
        """Return a version of a dose as an answer: the same, whenever it is asked for."""
        versions = version_by_id(Dose, result.public_id, result.version)
        rows = with_vaccine(versions)
        [end] = rows.values_list(VALID_TO, flat=True)
        values = self.kind.read(rows)
        if result.row is None:
            note_read(by=self.request.user, patients=[values[0]["patient_id"]], what=RECORD)
        return immunizations(values, None if end == OPEN_ENDED else end - TICK)[0]


class Patients(FhirResource):
    """Patients, each with all that belongs to one."""

    kind = kinds.PATIENT
    model = kind.model
    scope = kind.scope
    needs = {"list": kind.needs, "everything": IMMUNIZATION.needs}
    patient_column = "id"
    sought_by = (
        Search("_id", "token", "The identifier.", by_id("public_id")),
        Search("family", "string", "How the surname begins.", by_prefix("last_name_key")),
        Search("given", "string", "How the given name begins.", by_prefix("first_name_key")),
        Search("birthdate", "date", "The birth date.", by_day("date_of_birth")),
        Search("identifier", "token", "system|value: a number of another system.", _numbered),
    )
    beside = {"given": ("_id", "family", "birthdate", "identifier")}

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one patient; of a merged record that is not seen itself, what replaced it."""
        try:
            return super().retrieve(request, *args, **kwargs)
        except Http404:
            remaining = resolve_patient(by=request.user, public_id=self.kwargs["id"])
        note_read(by=request.user, patients=[remaining], what=RECORD)
        return Response(replaced_patient(str(self.kwargs["id"]), str(remaining.public_id)))

    def everything(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a patient, all doses of whatever status, and what they refer to."""
        if not kinds.may_read(request, IMMUNIZATION):
            raise PermissionDenied(
                _("The token lacks the scope %(scope)s:read.") % {"scope": IMMUNIZATION.scope}
            )
        rows = self.get_queryset().filter(public_id=self.kwargs["id"])
        found = self.kind.read(rows)
        if not found:
            raise Http404
        note_read(by=request.user, patients=[found[0]["id"]], what=PASSPORT)
        given = access.visible_to(request.user, Dose).filter(patient=found[0]["id"])
        order = given.order_by("administered_on", "id")
        values = IMMUNIZATION.read(with_vaccine(order))
        beside = [
            resource
            for kind, column in Immunizations.includes.values()
            if kind is not self.kind
            for resource in kind.visible(request, (row[column] for row in values))
        ]
        matches = [*self.kind.make(request.user, found), *immunizations(values)]
        links = {"self": request.build_absolute_uri()}
        return Response(searchset(base_of(request), matches, links=links, included=beside))


def base_of(request: Request) -> str:
    """Return the address of the server, with a slash at its end."""
    return request.build_absolute_uri(reverse("fhir-metadata")).removesuffix("metadata")


def stamped(response: Response, resource: Json, changed_at: dt.datetime) -> Response:
    """Add the version of a resource and since when it holds."""
    response["ETag"] = f'W/"{resource["meta"]["versionId"]}"'
    response["Last-Modified"] = http_date(changed_at.timestamp())
    return response


def _page(request: Request) -> Page:
    count = request.query_params.get("_count", str(USUAL))
    if not re.fullmatch("[1-9][0-9]{0,8}", count):
        raise ValidationError({"_count": _("A number from 1 to %(most)s.") % {"most": MOST}})
    # Who asks for more than a page holds gets what it holds.
    limit = min(int(count), MOST)
    return Page.at(request, BY_KEY, limit)
