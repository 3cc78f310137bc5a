"""The world of the matrix: who asks, what for, and what must not come out.

Every patient carries words that nobody else's record has (``marks``): whoever may not see the
patient must never get an answer with one of them in it.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from accounts import roles
from accounts.oauth.models import Application
from records.domain import boxes, merges, patients, reference
from records.domain.account_log import log_account
from records.domain.credentials import issue_credentials
from records.models import (
    AttemptCounter,
    AuditEntry,
    AuditSeal,
    ClaimCode,
    Dose,
    DoseStatus,
    Enrolment,
    GrantTemplate,
    IdempotencyKey,
    ImportChunk,
    ImportJob,
    ImportProblem,
    Notice,
    OutboxEvent,
    Patient,
    PatientGrant,
    PatientIdentifier,
    RecallMailing,
    RevokedCode,
    ShareLink,
    ShareView,
    TrustedIssuer,
    TrustedKey,
    VaccineTarget,
)
from tests.records import factories as make
from tests.records import workspace
from tests.records.signing import CardIssuer

BORN = dt.date(1981, 3, 4)
ABSENT_KEY = 987654321
ABSENT_ID = uuid.UUID("00000000-0000-4000-8000-000000000404")
PASSWORD = "long enough"
LAST_DAY = make.days_ago(1)


@dataclass
class World:
    """Who asks (``clients`` by actor) and what for (``objects`` by kind and case)."""

    users: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    marks: dict[str, set[bytes]] = field(default_factory=dict)
    """What gives away whom: words by patient's case, of a volunteer and of an account."""


def build() -> World:
    """Make everything once; the caller rolls it back."""
    world = World()
    here = make.make_clinic(name="Harbour Clinic", code="HERE")
    there = make.make_clinic(name="Hill Clinic", code="THERE")
    _people(world, here)
    colleague = make.make_volunteer(there, last_name="Zqcolleague", code="ZB77")
    _patients(world, here, there)
    _doses(world, here, there, colleague)
    _grants(world)  # after the merge: nobody's grant may be on an unconfirmed record that stays
    _supply(world, there, colleague)
    world.objects |= workspace.visits(world.objects, here, there)
    _accounts(world)
    _jobs(world)
    _apps(world)
    _marks(world)
    for actor, user in world.users.items():
        world.clients[actor] = sign_in(user)
    _after_sign_in(world)
    return world


def _people(world: World, here: Any) -> None:
    users = world.users
    for role in (roles.LOGISTICS, roles.ANALYTICS, roles.SALES, roles.DBA, roles.USER_MANAGER):
        users[role.name.lower().replace(" ", "_")] = _user(role, is_staff=True)
    for name in ("volunteer", "off_duty"):
        users[name] = _user(roles.VOLUNTEER)
    users["both"] = _user(roles.VOLUNTEER, is_staff=True)
    users["both"].groups.add(Group.objects.get(name=roles.ANALYTICS.name))
    for name in ("volunteer", "both"):
        make.make_volunteer(here, user=users[name])
    make.make_assignment(
        make.make_volunteer(user=users["off_duty"]), here, ends_on=make.days_ago(1)
    )
    users["patient"] = _user(roles.PATIENT)
    users["no_role"] = make.make_user(password=PASSWORD)
    make.make_volunteer(here, user=users["no_role"])  # whose role was taken away
    users["superuser"] = make.make_user(is_staff=True, is_superuser=True, password=PASSWORD)
    users["no_factor"] = _user(roles.DBA, is_staff=True)
    users["disabled"] = _user(roles.DBA, is_staff=True)
    users["demo_elsewhere"] = _user(roles.DBA, is_staff=True, is_demo=True)


def _user(role: roles.Role, **fields: Any) -> Any:
    return make.make_user(role.name, password=PASSWORD, **fields)


def _patients(world: World, here: Any, there: Any) -> None:
    """One patient for each way in which a record can be somebody's or nobody's here."""
    cases = dict.fromkeys(("own", "dependant", "relative", "former", "elsewhere"), there)
    cases |= {"here": here, "left": here, "merged": make.make_clinic(), "free": there}
    found = {}
    for case, clinic in cases.items():
        found[case] = make.make_patient(
            last_name=f"Zq{case}",
            first_name=f"Zf{case}",
            date_of_birth=BORN,
            email=f"zm{case}@example.org",
            city=f"Zc{case}",
            clinic=clinic,
            identifiers=[("zurich", f"ZI{case}")],
        )
    enrolment = Enrolment.objects.get(patient=found["left"])
    started = Enrolment.objects.filter(pk=enrolment.pk)
    started.update(starts_on=make.days_ago(9))
    enrolment.refresh_from_db()
    patients.end_enrolment(
        by=make.system(), enrolment=enrolment, version=enrolment.version, ends_on=LAST_DAY
    )
    world.objects["patient"] = found


def _grants(world: World) -> None:
    found, portal = world.objects["patient"], world.users["patient"]
    bystander = make.make_user(
        roles.PATIENT.name, email="zubystander@example.org", name="Zubystander"
    )
    world.objects["account"] = {"one": bystander}
    soon = timezone.now() + dt.timedelta(days=1)
    grants = {
        "own": make.make_grant(portal, found["own"]),
        "dependant": make.make_grant(portal, found["dependant"], template=GrantTemplate.GUARDIAN),
        "relative": make.make_grant(portal, found["relative"], template=GrantTemplate.RELATIVE),
        "former": make.make_grant(portal, found["former"], expires_at=soon),
        "elsewhere": make.make_grant(bystander, found["elsewhere"]),
        "here": make.make_grant(bystander, found["here"]),
        # Of others, on records that the patient may share (own) and only read (relative).
        "shared": make.make_grant(
            _user(roles.PATIENT), found["own"], template=GrantTemplate.RELATIVE
        ),
        "unshared": make.make_grant(bystander, found["relative"]),
        # Somebody who was a patient here: the grant is left, the role is not.
        "no_role": make.make_grant(world.users["no_role"], found["left"]),
    }
    over = PatientGrant.objects.filter(pk=grants["former"].pk)
    over.update(expires_at=timezone.now() - dt.timedelta(days=1))
    world.objects["patientgrant"] = grants


def _doses(world: World, here: Any, there: Any, colleague: Any) -> None:
    lot = make.make_lot(number="ZLOT1")
    at_work = world.users["volunteer"].volunteer
    found: dict[str, Dose] = {}
    for case, patient in world.objects["patient"].items():
        mine = case in {"here", "left"}
        found[case] = make.make_dose(
            patient=patient,
            lot=lot,
            clinic=here if mine else there,
            volunteer=at_work if mine else colleague,
        )
        make.make_dose(
            patient=patient,
            vaccine=make.make_vaccine(),
            status=DoseStatus.NOT_DONE,
            status_reason=f"Zr{case}",
            administered_on=make.days_ago(3),
        )
    # A visible patient's dose, given where the volunteer does not work.
    found["given_there"] = make.make_dose(
        patient=world.objects["patient"]["here"],
        lot=make.make_lot(number="ZLOT2"),
        clinic=there,
        volunteer=colleague,
        administered_on=make.days_ago(9),
    )
    world.objects["dose"] = found
    for kind, model in (("patientidentifier", PatientIdentifier), ("enrolment", Enrolment)):
        rows: Any = model
        world.objects[kind] = {
            case: rows.objects.get(patient=patient)
            for case, patient in world.objects["patient"].items()
        }
    # A visible patient's enrolment at a clinic where the volunteer does not work.
    world.objects["enrolment"]["given_there"] = patients.enrol_patient(
        by=make.system(), patient=world.objects["patient"]["here"], clinic=there
    )
    survivor, duplicate = (world.objects["patient"][case] for case in ("elsewhere", "merged"))
    merge = merges.merge_patients(
        by=make.system(),
        survivor=survivor,
        duplicate=duplicate,
        version=duplicate.version,
        reason="one person",
    )
    world.objects["patientmerge"] = {"elsewhere": merge}
    world.objects["pair"] = {"elsewhere": [found["left"].patient, found["free"].patient]}
    world.objects["merged"] = {"merged": duplicate}
    # What the merge moved is the survivor's now.
    for kind in ("patient", "dose", "enrolment", "patientidentifier"):
        del world.objects[kind]["merged"]


def _supply(world: World, there: Any, colleague: Any) -> None:
    lot = world.objects["dose"]["here"].lot
    world.objects |= {
        "clinic": {"one": there},
        "workplace": {"one": world.objects["dose"]["here"].clinic},
        "lot": {"one": lot},
        "manufacturer": {"one": lot.manufacturer},
        "vaccine": {"one": lot.vaccine},
        "vaccinetarget": {"one": VaccineTarget.objects.filter(vaccine=lot.vaccine).get()},
        "euproduct": {
            "one": reference.add_eu_product(
                by=make.system(),
                code="EU/Z",
                name="Product",
                org_code="ORG-1",
                prophylaxis_code="J07BX03",
            )
        },
        "volunteer": {"one": colleague},
        "assignment": {"one": colleague.assignments.get()},
        "outboxevent": {"one": OutboxEvent.objects.latest("id")},
    }
    mailing = RecallMailing.objects.create(lot=lot, queued_by=make.system())
    for patient in world.objects["patient"].values():
        Notice.objects.create(mailing=mailing, patient=patient)


def _accounts(world: World) -> None:
    bystander = world.objects["account"]["one"]
    world.objects["user"] = {
        "one": bystander,
        "self": world.users["user_manager"],
        "root": world.users["superuser"],
    }
    about = AuditEntry.objects.filter(subject_type="patient")
    soon = timezone.now() + dt.timedelta(days=1)
    world.objects["claimcode"] = {
        case: ClaimCode.objects.create(
            patient=world.objects["patient"][case],
            digest=case,
            issued_by=make.system(),
            expires_at=soon,
        )
        for case in ("elsewhere", "here")
    }
    world.objects["credential"] = {
        case: issue_credentials(
            by=world.users["superuser"], patient=world.objects["patient"][case], format="shc"
        )[0]
        for case in ("own", "dependant", "relative", "elsewhere", "here")
    }
    # From here on no clinic has confirmed anybody, so that everybody can be.
    Patient.objects.update(identity_confirmed_on=None)
    world.objects["sharelink"] = {
        case: ShareLink.objects.create(
            patient=world.objects["patient"][case],
            created_by=make.system(),
            digest=f"link {case}",
            secret=boxes.seal(b"token.key"),
        )
        for case in ("own", "dependant", "relative", "elsewhere", "here")
    }
    world.objects["shareview"] = {
        case: ShareView.objects.create(link=link, recipient="Somebody")
        for case, link in world.objects["sharelink"].items()
    }
    trusted = TrustedIssuer.objects.create(format="shc", identifier="https://x.example", name="X")
    pem = CardIssuer().key.pem
    key = TrustedKey.objects.create(issuer=trusted, kid="kid", digest="d", public_key=pem)
    code = RevokedCode.objects.create(issuer=trusted, kid="kid", identifier="rid")
    world.objects["trustedissuer"] = {"one": trusted}
    world.objects["trustedkey"] = {"one": key}
    world.objects["revokedcode"] = {"one": code}
    world.objects["auditseal"] = {
        "one": AuditSeal.objects.create(
            number=1, after_id=0, to_id=1, entries=1, leaves=b"", key_id="k", digest="d"
        )
    }
    AttemptCounter.objects.create(scope="sign_in", subject="somebody")
    world.objects["passkey"] = {
        "one": Authenticator.objects.create(
            user=bystander, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": {}}
        )
    }
    world.objects["auditentry"] = {
        case: about.filter(patient=world.objects["patient"][case]).latest("id")
        for case in ("here", "elsewhere", "own", "relative")
    }
    log_account(by=make.system(), user=bystander, action="user.changed", fields=["name"])
    changed = AuditEntry.objects.filter(action="user.changed")
    world.objects["auditentry"]["account"] = changed.latest("id")


def _jobs(world: World) -> None:
    """Make an import and its report, and a request that was sent before."""
    job = ImportJob.objects.create(created_by=make.system(), name="file.csv", size=1)
    ImportChunk.objects.create(job=job, number=0, data=b"x")
    ImportProblem.objects.create(job=job, row=2, kind="refused", code="code", message="words")
    world.objects["import"] = {"one": job}
    IdempotencyKey.objects.create(actor=make.system(), route="POST /", key="k", fingerprint="f")


def _apps(world: World) -> None:
    """Make an app that the patient has let in, and one that only somebody else has."""
    fields = {
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "redirect_uris": "https://app.example.org/back",
        "scopes": "doses:read",
    }
    soon = timezone.now() + dt.timedelta(days=1)
    for case, user in (("own", world.users["patient"]), ("other", make.system())):
        app = Application.objects.create(name=f"App {case}", **fields)
        AccessToken.objects.create(
            user=user, application=app, token=f"token {case}", expires=soon, scope="doses:read"
        )
        world.objects.setdefault("application", {})[case] = app
        world.objects.setdefault("connection", {})[case] = app


def _marks(world: World) -> None:
    """Note what gives each patient away: names, numbers, addresses, reasons, public ids."""
    for case, patient in (world.objects["patient"] | world.objects["merged"]).items():
        words = {f"{prefix}{case}" for prefix in ("Zq", "Zf", "zm", "Zc", "ZI", "Zr")}
        rows: list[Any] = [patient, *Dose.objects.filter(patient=patient)]
        rows += [*Enrolment.objects.filter(patient=patient), *patient.grants.all()]
        rows += PatientIdentifier.objects.filter(patient=patient)
        rows += [*ShareLink.objects.filter(patient=patient), *patient.credentials.all()]
        words |= {str(row.public_id) for row in rows}
        world.marks[case] = {word.encode() for word in words}
    world.marks["staff"] = {b"Zqcolleague", b"ZB77"}
    world.marks["account"] = {b"zubystander", b"Zubystander"}
    # One person's two records: who may see the one that stayed reads of the other.
    world.marks["elsewhere"] |= world.marks.pop("merged")


def sign_in(user: Any) -> Client:
    """Return a browser in which somebody signed in a moment ago, with all that they have."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    proofs: list[dict[str, Any]] = [{"method": "password", "email": user.email}]
    proofs += [
        {"method": "mfa", "type": factor.type, "id": factor.pk}
        for factor in Authenticator.objects.filter(user=user)
    ]
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    # However long the walk takes, nobody is asked to sign in again.
    lasting = time.time() + dt.timedelta(days=1).total_seconds()
    session["account_authentication_methods"] = [{**proof, "at": lasting} for proof in proofs]
    session.save()
    return client


def _after_sign_in(world: World) -> None:
    """Take from some what they had when they signed in."""
    disabled = world.users["disabled"]
    disabled.is_active = False
    disabled.save(update_fields=["is_active"])
    Authenticator.objects.filter(user=world.users["no_factor"]).delete()
    world.clients["demo_elsewhere"].defaults["REMOTE_ADDR"] = "203.0.113.9"
    world.clients["anonymous"] = Client(raise_request_exception=False)


def tables() -> set[str]:
    """Return the tables of the project's own models: what a refused request never writes."""
    return {
        model._meta.db_table
        for label in ("records", "accounts")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
