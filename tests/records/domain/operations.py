"""Every write of the domain once, ready to be called: what tests of all writes go through."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.apps import apps

from accounts.roles import DBA, LOGISTICS, PATIENT, SALES, USER_MANAGER, VOLUNTEER
from records.domain import (
    deletion,
    doses,
    grants,
    lots,
    merges,
    patients,
    reference,
    volunteers,
)
from records.models import AttemptCounter, Manufacturer
from tests.records import factories as make
from tests.records import issuer
from tests.records.domain import given
from tests.records.domain.credential_operations import CREDENTIALS
from tests.records.domain.operation import Operation
from tests.records.domain.portal_operations import PATIENT_FIELDS, PORTAL
from tests.records.domain.trust_operations import TRUST
from tests.records.domain.workspace_operations import WORKSPACE

SUPPLY = frozenset({DBA.name, LOGISTICS.name})
SITES = frozenset({DBA.name, SALES.name})
CARE = frozenset({DBA.name, VOLUNTEER.name})
KEEPERS = frozenset({DBA.name})


OPERATIONS = (
    Operation(
        patients.register_patient,
        lambda: {"first_name": "Ada", "last_name": "Novak", "date_of_birth": dt.date(1980, 1, 2)},
        CARE,
        "patient.registered",
        PATIENT_FIELDS,
    ),
    Operation(
        patients.amend_patient,
        lambda: given.of("patient", make.make_patient(), changes={"last_name": "Kovac"}),
        CARE,
        "patient.amended",
        frozenset({"last_name"}),
    ),
    Operation(
        patients.amend_contact,
        given.own_record,
        frozenset({PATIENT.name}),
        "patient.contact_amended",
        frozenset({"city"}),
    ),
    Operation(
        patients.confirm_identity,
        lambda: {"patient": make.make_patient(identity_confirmed=False), "version": 1},
        CARE,
        "patient.identity_confirmed",
        frozenset({"identity_confirmed_on"}),
    ),
    Operation(
        patients.add_identifier,
        lambda: {"patient": make.make_patient(), "system": "insurance", "value": "4711"},
        CARE,
        "patientidentifier.added",
        frozenset({"patient", "system", "value"}),
    ),
    Operation(
        patients.amend_identifier,
        lambda: given.of("identifier", given.identifier(), changes={"value": "4712"}),
        KEEPERS,
        "patientidentifier.amended",
        frozenset({"value"}),
    ),
    Operation(
        patients.remove_identifier,
        lambda: {"identifier": given.identifier(), "reason": given.WHY},
        KEEPERS,
        "patientidentifier.removed",
        frozenset(),
    ),
    Operation(
        patients.enrol_patient,
        lambda: {"patient": make.make_patient(), "clinic": make.make_clinic()},
        CARE,
        "enrolment.started",
        frozenset({"patient", "clinic", "starts_on"}),
    ),
    Operation(
        patients.end_enrolment,
        lambda: given.without(
            given.of("enrolment", given.enrolment(), ends_on=make.days_ago(0)), "reason"
        ),
        CARE,
        "enrolment.ended",
        frozenset({"ends_on"}),
    ),
    Operation(
        merges.merge_patients,
        lambda: given.of("duplicate", make.make_patient(), survivor=make.make_patient()),
        KEEPERS,
        "patient.merged",
        frozenset({"merged_into"}),
    ),
    Operation(
        merges.undo_merge,
        lambda: given.of("merge", given.merge()),
        KEEPERS,
        "patientmerge.undone",
        frozenset({"undone_at"}),
    ),
    Operation(
        reference.add_clinic,
        lambda: {"code": "GRZ", "name": "Graz", "time_zone": "Europe/Vienna"},
        SITES,
        "clinic.added",
        frozenset({"code", "name", "time_zone"}),
    ),
    Operation(
        reference.add_manufacturer,
        lambda: {"name": "Maker", "mvx_code": "MKR"},
        SUPPLY,
        "manufacturer.added",
        frozenset({"name", "mvx_code"}),
    ),
    Operation(
        reference.add_vaccine,
        lambda: {"cvx_code": "999", "short_name": "Shot"},
        SUPPLY,
        "vaccine.added",
        frozenset({"cvx_code", "short_name"}),
    ),
    Operation(
        reference.add_eu_product,
        lambda: {"code": "E", "name": "Brand", "org_code": "O", "prophylaxis_code": "J"},
        SUPPLY,
        "euproduct.added",
        frozenset({"code", "name", "org_code", "prophylaxis_code"}),
    ),
    Operation(
        reference.add_many,
        lambda: {"records": [Manufacturer(name="Listed", mvx_code="LST")], "reason": given.WHY},
        SUPPLY,
        "manufacturer.added",
        frozenset({"name", "mvx_code"}),
    ),
    Operation(
        reference.correct_eu_product,
        lambda: given.of("product", given.product(), changes={"name": "Brand X"}),
        SUPPLY,
        "euproduct.corrected",
        frozenset({"name"}),
    ),
    Operation(
        reference.correct,
        lambda: given.of("record", make.make_clinic(), changes={"name": "Graz West"}),
        SITES,
        "clinic.corrected",
        frozenset({"name"}),
    ),
    Operation(
        reference.change,
        lambda: given.of(
            "record",
            make.make_vaccine(),
            changes={"short_name": "Renamed"},
            effective_from=make.days_ago(2),
        ),
        SUPPLY,
        "vaccine.changed",
        frozenset({"short_name", "effective_from"}),
    ),
    Operation(
        reference.retire,
        lambda: given.of("record", make.make_manufacturer(), retired_on=make.days_ago(0)),
        SUPPLY,
        "manufacturer.retired",
        frozenset({"retired_on"}),
    ),
    Operation(
        reference.reinstate,
        lambda: given.of("record", given.retired_clinic()),
        SITES,
        "clinic.reinstated",
        frozenset({"retired_on"}),
    ),
    Operation(
        reference.set_targets,
        lambda: given.of("vaccine", make.make_vaccine(), diseases=[make.COVID_19, "6142004"]),
        SUPPLY,
        "vaccinetarget.added",
        frozenset({"vaccine", "disease"}),
    ),
    Operation(
        lots.receive_lot,
        lambda: {
            "manufacturer": make.make_manufacturer(),
            "vaccine": make.make_vaccine(),
            "number": "AB1",
        },
        SUPPLY,
        "lot.received",
        frozenset({"manufacturer", "vaccine", "number"}),
    ),
    Operation(
        lots.amend_lot,
        lambda: given.of("lot", make.make_lot(), changes={"expires_on": make.days_ago(-90)}),
        SUPPLY,
        "lot.amended",
        frozenset({"expires_on"}),
    ),
    Operation(
        lots.renumber_lot,
        lambda: given.of("lot", make.make_dose().lot, number="RENUMBERED"),
        SUPPLY,
        "lot.renumbered",
        frozenset({"number"}),
    ),
    Operation(
        lots.recall_lot,
        lambda: given.of("lot", make.make_lot(), recalled_on=make.days_ago(3)),
        SUPPLY,
        "lot.recalled",
        frozenset({"recalled_on", "recall_reason"}),
    ),
    Operation(
        lots.lift_recall,
        lambda: given.of("lot", given.recalled_lot()),
        SUPPLY,
        "lot.recall_lifted",
        frozenset({"recalled_on", "recall_reason"}),
    ),
    Operation(
        volunteers.add_volunteer,
        lambda: {"code": "B77", "first_name": "Vera", "last_name": "Novak"},
        KEEPERS,
        "volunteer.added",
        frozenset({"code", "first_name", "last_name"}),
    ),
    Operation(
        volunteers.amend_volunteer,
        lambda: given.of("volunteer", make.make_volunteer(), changes={"birth_year": 1990}),
        KEEPERS,
        "volunteer.amended",
        frozenset({"birth_year"}),
    ),
    Operation(
        volunteers.link_user,
        lambda: given.without(
            given.of("volunteer", make.make_volunteer(), user=make.make_user()), "reason"
        ),
        frozenset({USER_MANAGER.name}),
        "volunteer.linked",
        frozenset({"user"}),
    ),
    Operation(
        volunteers.assign_volunteer,
        lambda: {
            "volunteer": make.make_volunteer(),
            "clinic": make.make_clinic(),
            "starts_on": make.days_ago(5),
        },
        SITES,
        "assignment.started",
        frozenset({"volunteer", "clinic", "starts_on"}),
    ),
    Operation(
        volunteers.end_assignment,
        lambda: given.without(
            given.of(
                "assignment",
                make.make_assignment(make.make_volunteer(), make.make_clinic()),
                ends_on=make.days_ago(0),
            ),
            "reason",
        ),
        SITES,
        "assignment.ended",
        frozenset({"ends_on"}),
    ),
    Operation(
        doses.record_dose,
        given.new_dose,
        CARE,
        "dose.recorded",
        frozenset(
            {
                "patient",
                "manufacturer",
                "lot_number",
                "dose_number",
                "administered_on",
                "volunteer",
                "clinic",
                "status",
                "primary_source",
            }
        ),
    ),
    Operation(
        doses.amend_dose,
        lambda: given.of("dose", make.make_dose(), changes={"site": "LA"}),
        CARE,
        "dose.amended",
        frozenset({"site"}),
    ),
    Operation(
        doses.void_doses,
        lambda: {"doses": [(make.make_dose(), 1)], "reason": given.WHY},
        CARE,
        "dose.voided",
        frozenset({"status", "status_reason"}),
    ),
    Operation(
        doses.void_dose,
        lambda: given.of("dose", make.make_dose()),
        CARE,
        "dose.voided",
        frozenset({"status", "status_reason"}),
    ),
    Operation(
        grants.grant_access,
        lambda: {"user": make.make_user(PATIENT.name), "patient": make.make_patient()},
        KEEPERS,
        "patientgrant.given",
        frozenset({"user", "patient", "template", "granted_by"}),
    ),
    Operation(
        grants.revoke_access,
        lambda: {
            "grant": make.make_grant(make.make_user(PATIENT.name), make.make_patient()),
            "reason": given.WHY,
        },
        KEEPERS,
        "patientgrant.revoked",
        frozenset(),
    ),
    *PORTAL,
    *TRUST,
    *CREDENTIALS,
    *WORKSPACE,
    Operation(
        deletion.delete_record,
        lambda: given.of("record", make.make_lot()),
        KEEPERS,
        "lot.deleted",
        frozenset(),
    ),
)


def by_whom(operation: Operation, arguments: dict[str, Any]) -> Any:
    """Return who does it in the plain case: VaxPass itself, or the role that alone may."""
    if operation.roles == {PATIENT.name}:
        user = make.make_user(PATIENT.name)
        about = arguments.get("grant") or arguments.get("link")
        if patient := about.patient if about else arguments.get("patient"):
            make.make_grant(user, patient)
        return user
    if operation.roles == {VOLUNTEER.name, PATIENT.name}:
        return issuer.holder(arguments["patient"])
    if operation.roles == {VOLUNTEER.name}:
        return make.make_volunteer_user(arguments["clinic"])
    if operation.roles == {USER_MANAGER.name}:
        return make.make_user(USER_MANAGER.name)
    return make.system()


def everything() -> dict[str, list[Any]]:
    """Return every row of every table of the record store, history included.

    Not the counters of tries: they count whatever becomes of the try.
    """
    return {
        model.__name__: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_app_config("records").get_models()
        if model is not AttemptCounter
    }
