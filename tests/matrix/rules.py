"""The rules that are taken away one at a time, and where each must be missed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q

from accounts import demo_access, second_factor
from accounts.admin import UserAdmin
from records import access, models, viewers
from records.admin import acts, base, doses, logs, past
from records.admin.autocomplete import RecordAutocomplete
from records.api.base import Resource
from records.api.permissions import MayAct
from records.domain import lookup
from records.web import passport_access, shift
from tests.matrix.mutations import (
    Look,
    Mutation,
    anybody_has,
    given,
    no,
    pages,
    reach,
    replaced,
    searches,
    sight,
    unlimited_list,
    visible,
    without_clinic,
    without_middleware,
    without_permission,
    without_sight,
    writes,
    yes,
)
from vaxpass.admin import VaxPassAdminSite


def _rules() -> Iterator[Mutation]:
    for model in access.RULES:
        yield Mutation(f"every {model.__name__} visible", visible(model), (sight(model),))


# A write by each permission that a domain function asks for.
WRITES = {
    "add_euproduct": "add_eu_product",
    "change_euproduct": "correct_eu_product",
    "add_clinic": "add_clinic",
    "add_manufacturer": "add_manufacturer",
    "change_clinic": "correct",
    "change_vaccine": "change",
    "retire_manufacturer": "retire",
    "retire_clinic": "reinstate",
    "add_lot": "receive_lot",
    "change_lot": "amend_lot",
    "renumber_lot": "renumber_lot",
    "recall_lot": "recall_lot",
    "add_patient": "register_patient",
    "register_own_record": "register_own_record",
    "claim_record": "claim_record",
    "delete_lot": "delete_record",
    "add_volunteer": "add_volunteer",
    "change_volunteer": "amend_volunteer",
    "link_volunteer": "link_user",
}
# The check of ``require`` that alone refuses each of these.
BY_SIGHT = {
    "record a dose of a patient of elsewhere": "add_dose",
    "amend a dose of a patient who left": "change_dose",
    "void a dose of a patient who left": "void_dose",
    "amend a patient of elsewhere": "change_patient",
    "number a patient of elsewhere": "add_patientidentifier",
}
BY_CLINIC = {
    "record a dose at another clinic": "add_dose",
    "amend a dose given at another clinic": "change_dose",
    "void a dose given at another clinic": "void_dose",
    "end an enrolment elsewhere": "change_enrolment",
    "enrol at another clinic": "add_enrolment",
    "register at another clinic": "add_patient",
    "print a code at another clinic": "add_claimcode",
}
# What a role must not get, and where it would show.
GIFTS: tuple[tuple[str, str, tuple[Look, ...]], ...] = (
    ("Volunteer", "see_every_patient", (sight(models.Patient),)),
    ("Volunteer", "view_auditentry", (sight(models.AuditEntry),)),
    ("Volunteer", "delete_dose", (pages("admin:records_dose_delete"),)),
    ("Logistics", "view_patient", (pages("admin:records_patient_changelist"),)),
    ("Logistics", "view_dose", (pages("admin:records_dose_changelist"),)),
    ("Logistics", "change_clinic", (pages("admin:records_clinic_change"),)),
    ("Analytics", "view_patient", (pages("admin:records_patient_changelist"),)),
    ("Analytics", "change_lot", (pages("admin:records_lot_change"),)),
    ("Sales", "recall_lot", (pages("admin:records_lot_recall"),)),
    ("Sales", "add_volunteer", (pages("admin:records_volunteer_add"),)),
    ("DBA", "link_volunteer", (writes("link_user"),)),
    ("User manager", "view_patient", (pages("admin:records_patient_changelist"),)),
    ("User manager", "see_every_patient", (sight(models.Patient),)),
    ("User manager", "view_dose", (pages("admin:records_dose_changelist"),)),
    ("Patient", "view_lot", (sight(models.Lot),)),
    ("Patient", "view_patientgrant", (sight(models.PatientGrant),)),
    ("Patient", "see_every_patient", (sight(models.Patient),)),
    ("Patient", "view_volunteer", (sight(models.Volunteer),)),
)


def _requirements() -> Iterator[Mutation]:
    for codename, function in WRITES.items():
        name = f"no permission for {codename}"
        yield Mutation(name, without_permission(codename), (writes(function),))
    merge = "merge two patients of the clinic"
    yield Mutation(
        f"no permission to {merge}", without_permission("merge_patient"), (reach(merge),)
    )
    for name, codename in BY_SIGHT.items():
        yield Mutation(f"no sight for {codename}", without_sight(codename), (reach(name),))
    for name, codename in BY_CLINIC.items():
        yield Mutation(f"no clinic for {codename}", without_clinic(codename), (reach(name),))


def _gifts() -> Iterator[Mutation]:
    for role, codename, looks in GIFTS:
        yield Mutation(f"{role} with {codename}", given(role, codename), looks)


def _admin() -> Iterator[Mutation]:
    cases: tuple[tuple[Any, str, str], ...] = (
        (base.RecordAdmin, "has_view_permission", "records_patient_changelist"),
        (base.ReadAdmin, "has_view_permission", "records_outboxevent_changelist"),
        (base.RecordAdmin, "has_add_permission", "records_lot_add"),
        (base.ReadAdmin, "has_add_permission", "records_auditentry_add"),
        (base.RecordAdmin, "has_change_permission", "records_clinic_change"),
        (base.ReadAdmin, "has_change_permission", "records_auditentry_change"),
        (base.RecordAdmin, "has_delete_permission", "records_dose_delete"),
        (base.ReadAdmin, "has_delete_permission", "records_auditentry_delete"),
        (past.PastMixin, "has_history_permission", "records_patient_history"),
        (past.PastMixin, "has_history_permission", "records_dose_as_of"),
        (acts.ActsMixin, "_may", "records_lot_recall"),
        (doses.DoseAdmin, "has_void_permission", "records_dose_void_several"),
        (logs.PatientGrantAdmin, "has_delete_permission", "records_patientgrant_delete"),
        (UserAdmin, "has_view_permission", "accounts_user_changelist"),
        (UserAdmin, "has_add_permission", "accounts_user_add"),
        (UserAdmin, "has_change_permission", "accounts_user_change"),
        (UserAdmin, "has_delete_permission", "accounts_user_delete"),
        (RecordAutocomplete, "has_perm", "autocomplete"),
        (VaxPassAdminSite, "has_permission", "index"),
    )
    for target, name, page in cases:
        label = f"{target.__name__}.{name} for everybody"
        yield Mutation(f"{label}, {page}", replaced(target, name, yes), (pages(f"admin:{page}"),))
    unlimited = replaced(base.ReadAdmin, "get_queryset", unlimited_list)
    looks = (pages("admin:records_patient_change"), pages("admin:records_dose_changelist"))
    for number, look in enumerate(looks):
        yield Mutation(f"admin lists without visible_to, {number}", unlimited, (look,))
    for permission, page in (
        ("records.merge_patient", "admin:records_patient_merge"),
        ("records.view_supply_figures", "admin:figures_supply"),
        ("records.view_coverage_figures", "admin:figures_coverage"),
        ("accounts.reset_second_factor", "admin:accounts_user_reset_second_factor"),
        ("records.view_own_record", "passport:index"),
        ("records.add_dose", "clinic:find"),
        ("records.register_own_record", "own_record"),
        ("records.claim_record", "claim"),
    ):
        yield Mutation(f"{permission} for everybody", anybody_has(permission), (pages(page),))


def _web() -> Iterator[Mutation]:
    def clinics_of(request: Any) -> Any:
        return viewers.current_clinics(request.user)

    def all_clinics(_user: Any) -> Any:
        return list(models.Clinic.objects.all())

    def enrolled_ever(clinics: Any) -> Any:
        return models.Enrolment.objects.filter(clinic__in=clinics).values("patient_id")

    def holds(_path: str = "", _now: Any = None) -> Q:
        return ~Q(pk__in=())

    yield Mutation(
        "workspace without the role",
        replaced(shift, "clinics_of", clinics_of),
        (pages("clinic:find"),),
    )
    yield Mutation(
        "every clinic one's own",
        replaced(viewers, "current_clinics", all_clinics),
        (pages("clinic:find"),),
    )
    yield Mutation(
        "enrolments that never end",
        replaced(access, "enrolled_at", enrolled_ever),
        (sight(models.Patient),),
    )
    yield Mutation(
        "doses of every clinic corrected",
        replaced(shift.Shift, "may_correct", yes),
        (pages("clinic:amend"),),
    )
    yield Mutation(
        "grants that never expire",
        replaced(access, "still_holds", holds),
        (pages("passport:passport"),),
    )
    yield Mutation("expired rights", replaced(access, "still_holds", holds), (sight(models.Dose),))
    yield Mutation(
        "contact data changed by readers",
        replaced(access, "may_manage", yes),
        (pages("passport:contact"),),
    )
    yield Mutation(
        "records shared by readers",
        replaced(access, "may_share", yes),
        (pages("passport:shares"), pages("api-patients-share-links")),
    )
    yield Mutation(
        "access removed by anybody who sees it",
        replaced(passport_access, "may_remove", yes),
        (pages("passport:remove_access"),),
    )
    yield Mutation(
        "enrolment of who was never found",
        replaced(lookup, "VALID_FOR", dt.timedelta(days=-1)),
        (searches("enrolment of who was found"),),
    )


def _sign_in() -> Iterator[Mutation]:
    index = (pages("admin:index"),)
    yield Mutation(
        "no sign-in", without_middleware("LoginRequiredMiddleware"), (pages("clinic:find"),)
    )
    yield Mutation("no second factor", without_middleware("SecondFactorMiddleware"), index)
    yield Mutation("demo everywhere", without_middleware("DemoAccessMiddleware"), index)
    yield Mutation(
        "every method", without_middleware("MethodsMiddleware"), (pages("account_login"),)
    )
    yield Mutation("nobody needs a factor", replaced(second_factor, "is_required", no), index)
    yield Mutation("every session proven", replaced(second_factor, "is_proven", yes), index)
    yield Mutation("demo at home everywhere", replaced(demo_access, "is_at_home", yes), index)
    disabled = replaced(ModelBackend, "user_can_authenticate", yes)
    yield Mutation("disabled accounts signed in", disabled, (pages("passport:index"),))


def _api() -> Iterator[Mutation]:
    def all_rows(view: Any) -> Any:
        rows = view.model._default_manager.all()
        return view.annotate(rows, None)

    def any_row(view: Any) -> Any:
        return view.model._default_manager.filter(public_id=view.kwargs["id"]).first()

    for page in ("clinics-list", "patients-history", "doses-bulk", "imports-report"):
        everybody = replaced(MayAct, "has_permission", yes)
        yield Mutation(f"API for everybody, {page}", everybody, (pages(f"api-{page}"),))
    for page in (
        "api-enrolments-list",
        "api-patients-detail",
        "fhir-patients",
        "fhir-immunization",
    ):
        unlimited = replaced(Resource, "get_queryset", all_rows)
        yield Mutation(f"API without visible_to, {page}", unlimited, (pages(page),))
    for page in ("doses-void", "enrolments-end", "merges-undo"):
        unlimited = replaced(Resource, "get_object", any_row)
        yield Mutation(f"API acts on every row, {page}", unlimited, (pages(f"api-{page}"),))
    for model, page in (
        (models.Dose, "doses-list"),
        (models.Dose, "lots-affected"),
        (models.Patient, "patients-list"),
        (models.Patient, "patients-passport"),
    ):
        name = f"every {model.__name__} visible to programs, {page}"
        yield Mutation(name, visible(model), (pages(f"api-{page}"),))
    for role, codename, page in (
        ("Logistics", "view_patient", "patients-list"),
        ("Patient", "view_lot", "lots-list"),
        ("Sales", "add_dose", "doses-bulk"),
        ("Sales", "view_supply_figures", "lots-affected-counts"),
        ("Volunteer", "view_historicaldose", "doses-history"),
        ("Volunteer", "import_records", "imports-list"),
        ("Volunteer", "merge_patient", "patients-merge"),
        ("Patient", "view_patient", "patients-export"),
    ):
        name = f"{role} with {codename} in the API"
        yield Mutation(name, given(role, codename), (pages(f"api-{page}"),))
    yield Mutation(
        "API without a second factor",
        without_middleware("SecondFactorMiddleware"),
        (pages("api-clinics-list"),),
    )


MUTATIONS = (*_rules(), *_requirements(), *_gifts(), *_admin(), *_web(), *_api(), *_sign_in())
