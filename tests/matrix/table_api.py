"""What every URL of the API answers to whom, by any kind of sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.urls import reverse

from tests.matrix.expect import (
    AT_WORK,
    EVERY,
    GRANTED,
    HERE,
    KEEPERS,
    SIGNED_IN,
    SITES,
    SUPPLY,
    Api,
    who,
)
from tests.matrix.world import ABSENT_ID
from tests.records import factories as make

READ, DONE, MISSING = 200, 200, 422  # the last: a change without its fields
NO_FILE = 415
WHY = "A mistake."
TODAY = make.days_ago(0).isoformat()

REFERENCE = who("volunteer off_duty both logistics analytics sales") | KEEPERS
CLINICS = REFERENCE | {"patient"}
CARE = who("volunteer off_duty both") | KEEPERS  # who may treat, whether anybody or nobody today
RECORDS = CARE | {"patient"}
STAFFING = CARE | {"sales"}

ALL_IN_SIGHT = dict.fromkeys(SIGNED_IN, EVERY)
IN_API: dict[str, frozenset[str]] = {
    "volunteer": HERE | {"given_there"},
    "both": HERE | {"given_there"},
    "patient": GRANTED,
    **dict.fromkeys(KEEPERS, EVERY),
}
# The volunteers of the world see themselves only, and the table asks for a colleague.
COLLEAGUE = dict.fromkeys(SITES, EVERY)
PATIENTS = ("absent", "own", "dependant", "relative", "former", "elsewhere", "here", "left", "free")
# Of a visible patient, done where this volunteer does not work: read, not corrected.
NOT_MINE = {(actor, "POST", "given_there"): 403 for actor in AT_WORK}
NOT_MINE_CHANGED = {(actor, "PATCH", "given_there"): 403 for actor in AT_WORK}
# A passport tells its owner, too, who gave each dose.
GIVEN_BY = frozenset({"staff"})

Allowed = frozenset[str]
Acts = dict[str, tuple[Allowed, int]]


def resource(
    name: str,
    about: str,
    *,
    read: Allowed,
    add: Allowed | None = None,
    change: Allowed | None = None,
    acts: Acts | None = None,
    seen: Mapping[str, frozenset[str]] = ALL_IN_SIGHT,
    of_act: Mapping[str, dict[str, Any]] | None = None,
    **more: Any,
) -> Iterator[tuple[str, Api]]:
    """Return the URLs of one resource by name: list, one record, its history, acts on it.

    ``of_act`` says what is particular to an act, or to ``change``.
    """
    yield (
        f"api-{name}-list",
        Api(get=(read, READ), post=(add, MISSING) if add else None),
    )
    one: dict[str, Any] = {"about": about, "seen": seen, **more}
    patch = (change, MISSING) if change else None
    own = dict(of_act or {})
    one_record = {"get": (read, READ), "patch": patch, **one, **own.get("change", {})}
    yield f"api-{name}-detail", Api(**one_record)
    yield f"api-{name}-history", Api(get=(KEEPERS, READ), **one)
    for act, operation in (acts or {}).items():
        yield f"api-{name}-{act}", Api(post=operation, **one | own.get(act, {}))


def retiring(owners: Allowed) -> Acts:
    """Return the acts of what can be retired."""
    return {"retire": (owners, MISSING), "reinstate": (owners, MISSING)}


def nested(name: str, about: str, **more: Any) -> Iterator[tuple[str, Api]]:
    """Return the URLs of a resource whose rows stand below their patient's address."""

    def at(url: str) -> Callable[[Any], str]:
        def address(found: Any) -> str:
            keys = {"patient": found.patient.public_id if found else ABSENT_ID}
            if url != f"api-{name}-list":
                keys["id"] = found.public_id if found else ABSENT_ID
            return reverse(url, kwargs=keys)

        return address

    for url, page in resource(name, about, **more):
        yield url, replace(page, about=about, seen=more["seen"], address=at(url))


ON_SUPPLY: Acts = dict.fromkeys(("recall", "lift-recall", "renumber"), (SUPPLY, MISSING))
of_patient: dict[str, Any] = {"about": "patient", "seen": IN_API}
SHARING = who("patient") | KEEPERS
of_link: dict[str, Any] = {
    "about": "sharelink",
    "seen": {"patient": frozenset({"own", "dependant"}), **dict.fromkeys(KEEPERS, EVERY)},
}
# A superuser sees every link, but only a grant lets anybody share.
NO_ROLE: dict[tuple[str, ...], int | str] = {("superuser", "POST", "absent"): 404}
HAVE_CODES = who("volunteer off_duty both patient") | KEEPERS
MAKE_CODES = HAVE_CODES - {"dba"}
IN_CODES = {**IN_API, "patient": frozenset({"own", "dependant"})}
of_import: dict[str, Any] = {"about": "import", "seen": ALL_IN_SIGHT}


def exports(**allowed: Allowed) -> Iterator[tuple[str, Api]]:
    """Return the URLs that give whole lists as files."""
    for name, readers in allowed.items():
        yield f"api-{name}-export", Api(get=(readers, READ))


def one(readers: Allowed, about: str, **more: Any) -> Api:
    """Return the address of one resource of FHIR."""
    return Api(get=(readers, READ), about=about, **more)


API: dict[str, Api] = dict(
    (
        *resource("clinics", "clinic", read=CLINICS, add=SITES, change=SITES, acts=retiring(SITES)),
        *resource(
            "manufacturers",
            "manufacturer",
            read=REFERENCE,
            add=SUPPLY,
            change=SUPPLY,
            acts=retiring(SUPPLY),
        ),
        *resource(
            "vaccines",
            "vaccine",
            read=REFERENCE,
            add=SUPPLY,
            change=SUPPLY,
            acts=retiring(SUPPLY),
        ),
        (
            "api-vaccines-diseases",
            Api(put=(SUPPLY, MISSING), about="vaccine", seen=ALL_IN_SIGHT),
        ),
        *resource("eu-products", "euproduct", read=REFERENCE, add=SUPPLY, change=SUPPLY),
        *resource("lots", "lot", read=REFERENCE, add=SUPPLY, change=SUPPLY, acts=ON_SUPPLY),
        *resource(
            "volunteers", "volunteer", read=STAFFING, add=KEEPERS, change=KEEPERS, seen=COLLEAGUE
        ),
        *resource(
            "assignments",
            "assignment",
            read=STAFFING,
            add=SITES,
            seen=COLLEAGUE,
            acts={"end": (SITES, MISSING)},
        ),
        *resource(
            "patients",
            "patient",
            read=RECORDS,
            add=CARE,
            change=RECORDS,
            seen=IN_API,
            acts={"confirm-identity": (CARE, DONE), "enrol": (CARE, 404)},
            of_act={
                "change": {
                    "patch": (RECORDS, DONE),
                    "body": {"city": "Graz", "reason": WHY},
                    # A grant takes no reason, and a relative's nothing at all.
                    "but": {
                        ("patient", "PATCH", "relative"): 403,
                        ("patient", "PATCH", "own"): MISSING,
                        ("patient", "PATCH", "dependant"): MISSING,
                    },
                },
                # Only for whom a search has just found elsewhere: see searches.py.
                "enrol": {
                    "body": {"clinic": ("workplace", "one")},
                    "seen": dict.fromkeys(CARE, EVERY),
                    "but": {("off_duty", "POST", case): 403 for case in PATIENTS},
                },
            },
        ),
        ("api-patients-find", Api(post=(CARE, MISSING))),
        ("api-patients-similar", Api(post=(CARE, MISSING))),
        ("api-patients-passport", Api(get=(RECORDS, READ), shows=GIVEN_BY, **of_patient)),
        ("api-patients-merge", Api(post=(KEEPERS, MISSING), **of_patient)),
        *resource(
            "enrolments",
            "enrolment",
            read=RECORDS,
            add=CARE,
            seen=IN_API,
            acts={"end": (CARE, DONE)},
            of_act={"end": {"body": {"ends_on": TODAY}, "but": NOT_MINE}},
        ),
        *resource(
            "doses",
            "dose",
            read=RECORDS,
            add=CARE,
            change=CARE,
            seen=IN_API,
            acts={"void": (CARE, DONE)},
            of_act={
                "void": {"body": {"reason": WHY}, "but": NOT_MINE},
                "change": {"but": NOT_MINE_CHANGED},
            },
        ),
        *resource(
            "merges", "patientmerge", read=KEEPERS, seen=IN_API, acts={"undo": (KEEPERS, MISSING)}
        ),
        *nested(
            "patient-identifiers",
            "patientidentifier",
            read=RECORDS,
            add=CARE,
            change=KEEPERS,
            seen=IN_API,
            acts={"remove": (KEEPERS, MISSING)},
        ),
        *resource(
            "credentials",
            "credential",
            read=HAVE_CODES,
            seen=IN_CODES,
            acts={"revoke": (CARE, MISSING)},
        ),
        (
            "api-credentials-picture",
            Api(get=(HAVE_CODES, READ), about="credential", seen=IN_CODES),
        ),
        (
            "api-patient-credentials",
            Api(
                get=(HAVE_CODES, READ),
                post=(MAKE_CODES, MISSING),
                about="patient",
                seen=IN_CODES,
            ),
        ),
        ("api-share-links-list", Api(get=(SHARING, READ))),
        ("api-share-links-detail", Api(get=(SHARING, READ), **of_link)),
        ("api-share-links-revoke", Api(post=(who("patient"), DONE), but=NO_ROLE, **of_link)),
        # Of nobody here did a clinic confirm the identity.
        (
            "api-patients-share-links",
            Api(
                get=(SHARING, READ),
                post=(who("patient"), MISSING),
                but=NO_ROLE,
                **{**of_link, "about": "patient"},
            ),
        ),
        *exports(
            clinics=CLINICS,
            manufacturers=REFERENCE,
            vaccines=REFERENCE,
            lots=REFERENCE,
            volunteers=SITES,
            assignments=SITES,
            patients=CARE,
            enrolments=CARE,
            doses=CARE,
        ),
        ("api-doses-bulk", Api(post=(CARE, MISSING))),
        ("api-lots-affected", Api(get=(CARE, READ), about="lot", seen=ALL_IN_SIGHT)),
        ("api-lots-affected-counts", Api(get=(SUPPLY, READ), about="lot", seen=ALL_IN_SIGHT)),
        ("api-imports-list", Api(get=(KEEPERS, READ), post=(KEEPERS, NO_FILE))),
        ("api-imports-detail", Api(get=(KEEPERS, READ), **of_import)),
        ("api-imports-problems", Api(get=(KEEPERS, READ), **of_import)),
        ("api-imports-report", Api(get=(KEEPERS, READ), **of_import)),
        ("api-imports-cancel", Api(post=(KEEPERS, DONE), **of_import)),
        ("api-verify", Api(post=(SIGNED_IN, MISSING), public=MISSING)),
        ("api-schema", Api(get=(SIGNED_IN, READ), public=READ)),
        ("api-docs", Api(get=(SIGNED_IN, READ), public=READ)),
        ("api-unknown", Api(no_method=404)),
    )
)

FHIR = {
    "fhir-metadata": Api(get=(SIGNED_IN, READ), public=READ),
    "fhir-patients": Api(get=(RECORDS, READ)),
    "fhir-patient": one(RECORDS, "patient", seen=IN_API),
    "fhir-everything": one(RECORDS, "patient", seen=IN_API, shows=GIVEN_BY),
    "fhir-health-cards-issue": Api(post=(MAKE_CODES, MISSING), about="patient", seen=IN_CODES),
    "fhir-immunizations": Api(get=(RECORDS, READ), post=(CARE, MISSING), shows=GIVEN_BY),
    "fhir-immunization": one(RECORDS, "dose", seen=IN_API, shows=GIVEN_BY),
    "fhir-organization": one(REFERENCE, "manufacturer", seen=ALL_IN_SIGHT),
    "fhir-location": one(CLINICS, "clinic", seen=ALL_IN_SIGHT),
    "fhir-practitioner": one(STAFFING, "volunteer", seen=COLLEAGUE),
    "fhir-unknown": Api(no_method=404),
    "nowhere": Api(public=404, no_method=404, address=lambda _: "/api"),
}
