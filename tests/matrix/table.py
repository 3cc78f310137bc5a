"""What every URL answers to whom: the one table of expected answers.

A new URL needs one line in ``PAGES``, a new model in the admin one in ``MODELS``; without it the
test fails by the URL's name, and a row whose URL is gone fails too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from tests.matrix.expect import (
    CARE,
    COVERAGE,
    EVERY,
    IN_ADMIN,
    IN_AUDIT,
    KEEPERS,
    MANAGERS,
    NO_FACTOR,
    NOBODY,
    OUT,
    PORTAL,
    REFERENCE,
    SIGN_IN,
    SIGNED_IN,
    SITES,
    STAFF,
    SUPPLY,
    Page,
)
from tests.matrix.table_api import API, FHIR
from tests.matrix.table_clinic import CLINIC
from tests.matrix.table_portal import FOUND, PASSPORT, SHARED
from tests.matrix.table_staff import TEAMS
from tests.matrix.world import ABSENT_KEY

# --------------------------------------------------------------------------------------- Admin


@dataclass(frozen=True)
class Model:
    """Who may do what with one model in the admin; ``acts`` are its steps on one record."""

    view: frozenset[str]
    add: frozenset[str] = NOBODY
    change: frozenset[str] = NOBODY
    delete: frozenset[str] = NOBODY
    history: frozenset[str] = KEEPERS
    unchanged: int = 200  # the answer to an empty form: the page with its errors
    acts: Mapping[str, tuple[frozenset[str], int]] = field(default_factory=dict)
    has_past: bool = True
    seen: Mapping[str, frozenset[str]] = field(default_factory=lambda: dict.fromkeys(STAFF, EVERY))
    but: dict[tuple[str, ...], int | str] = field(default_factory=dict)


def reference(owners: frozenset[str], **more: Any) -> Model:
    """Return a kind of reference data: all admin roles but user managers read it."""
    return Model(REFERENCE, add=owners, change=owners, delete=KEEPERS, **more)


def retiring(owners: frozenset[str], **acts: int) -> dict[str, tuple[frozenset[str], int]]:
    """Return the steps of what can be retired; what is in use cannot come back."""
    steps = {"retire": 200, "reinstate": FOUND, **acts}
    return {slug: (owners, status) for slug, status in steps.items()}


MODELS = {
    "records.clinic": reference(SITES, acts=retiring(SITES)),
    "records.manufacturer": reference(SUPPLY, acts=retiring(SUPPLY)),
    "records.vaccine": reference(SUPPLY, acts=retiring(SUPPLY, diseases=200)),
    "records.vaccinetarget": Model(REFERENCE, delete=KEEPERS),
    "records.euproduct": reference(SUPPLY),
    "records.lot": reference(
        SUPPLY,
        acts={"recall": (SUPPLY, 200), "lift-recall": (SUPPLY, FOUND), "renumber": (SUPPLY, 200)},
    ),
    "records.volunteer": Model(SITES, add=KEEPERS, change=KEEPERS, delete=KEEPERS),
    "records.assignment": Model(SITES, add=SITES, change=SITES, delete=KEEPERS),
    "records.patient": Model(
        CARE,
        add=CARE,
        change=CARE,
        delete=KEEPERS,
        seen=IN_ADMIN,
        acts={"confirm-identity": (CARE, 200), "find-duplicate": (KEEPERS, 200)},
    ),
    "records.patientidentifier": Model(
        CARE, add=CARE, change=KEEPERS, delete=KEEPERS, seen=IN_ADMIN
    ),
    "records.enrolment": Model(CARE, add=CARE, change=CARE, delete=KEEPERS, seen=IN_ADMIN),
    "records.dose": Model(
        CARE, add=CARE, change=CARE, delete=KEEPERS, seen=IN_ADMIN, acts={"void": (CARE, 200)}
    ),
    "records.patientmerge": Model(
        KEEPERS, delete=KEEPERS, seen=IN_ADMIN, acts={"undo": (KEEPERS, 200)}
    ),
    "records.mergeproposal": Model(
        CARE, seen=IN_ADMIN, acts={"accept": (KEEPERS, 200), "decline": (KEEPERS, 200)}
    ),
    "records.patientgrant": Model(KEEPERS, seen=IN_ADMIN, acts={"end": (KEEPERS, 200)}),
    "records.claimcode": Model(CARE, seen=IN_ADMIN),
    "records.credential": Model(CARE, seen=IN_ADMIN, acts={"revoke": (CARE, 200)}),
    "records.sharelink": Model(KEEPERS, seen=IN_ADMIN),
    "records.shareview": Model(KEEPERS, history=NOBODY, has_past=False, seen=IN_ADMIN),
    "records.checkin": Model(CARE, seen=IN_ADMIN),
    "records.screeningquestion": Model(CARE, add=KEEPERS, change=KEEPERS, acts=retiring(KEEPERS)),
    "records.screeninganswer": Model(KEEPERS, history=NOBODY, has_past=False, seen=IN_ADMIN),
    "records.trustedissuer": Model(KEEPERS),
    "records.trustedkey": Model(KEEPERS),
    "records.revokedcode": Model(KEEPERS, history=NOBODY, has_past=False),
    "records.auditseal": Model(KEEPERS, history=NOBODY, has_past=False),
    "records.auditentry": Model(KEEPERS | MANAGERS, history=NOBODY, has_past=False, seen=IN_AUDIT),
    "records.outboxevent": Model(KEEPERS, history=NOBODY, has_past=False),
    "accounts.user": Model(
        MANAGERS,
        add=MANAGERS,
        change=MANAGERS,
        unchanged=FOUND,  # a person may have no name and no role
        history=NOBODY,
        has_past=False,
        # Nobody changes their own account, nor one that stands above all roles.
        but={
            ("user_manager", "POST", "self"): 403,
            ("user_manager", "POST", "root"): 403,
            ("superuser", "POST", "root"): 403,
        },
    ),
    "accounts.application": Model(
        MANAGERS,
        add=MANAGERS,
        change=MANAGERS,
        history=NOBODY,
        has_past=False,
        acts={"new_secret": (MANAGERS, 200)},
    ),
}


def pages_of(label: str, model: Model) -> Iterator[tuple[str, Page]]:
    """Return the pages of one model in the admin by name."""
    app, kind = label.split(".")
    of_one = Page(about=kind, by="pk", seen=model.seen)

    def both(allowed: frozenset[str], status: int = 200) -> Page:
        return replace(of_one, get=(allowed, status), post=(allowed, status))

    name = f"admin:{app}_{kind}"
    yield f"{name}_changelist", Page(get=(model.view, 200), post=(model.view, 200))
    yield f"{name}_add", Page(get=(model.add, 200), post=(model.add, 200))
    changed = (model.change, model.unchanged)
    yield f"{name}_change", replace(of_one, get=(model.view, 200), post=changed, but=model.but)
    yield f"{name}_delete", both(model.delete)
    if model.history:
        yield f"{name}_history", both(model.history)
    else:  # not even for those who see the record
        yield f"{name}_history", replace(of_one, get=(STAFF, 404), post=(STAFF, 404))
    # Leads to the change page without a look at anything.
    yield (
        f"admin/{app}/{kind}/<path:object_id>/",
        Page(
            get=(STAFF, FOUND),
            post=(STAFF, FOUND),
            address=lambda _: f"/admin/{app}/{kind}/{ABSENT_KEY}/",
        ),
    )
    if model.has_past:
        yield f"{name}_as_of", both(model.history)
    for slug, (allowed, status) in model.acts.items():
        yield f"{name}_{slug}", both(allowed, status)


def pair(found: Any) -> str:
    """Return the address of the merge page for two patients."""
    keys = [row.pk for row in found] if found else [ABSENT_KEY, ABSENT_KEY + 1]
    return f"{reverse('admin:records_patient_merge')}?ids={keys[0]},{keys[1]}"


def several(found: Any) -> str:
    """Return the address of the page that voids several doses."""
    return f"{reverse('admin:records_dose_void_several')}?ids={found.pk if found else ABSENT_KEY}"


def on_site(found: Any) -> str:
    """Return the address that would lead from the admin to a record's page elsewhere."""
    kind = ContentType.objects.get(app_label="records", model="patient")
    return f"/admin/r/{kind.pk}/{found.pk if found else ABSENT_KEY}/"


def chooser(found: Any) -> str:
    """Return the address of the search for a patient."""
    query = "app_label=records&model_name=enrolment&field_name=patient&term=Zq"
    return f"{reverse('admin:autocomplete')}?{query}"


anyone = (STAFF, 200)
# Nobody's own account, and none that stands above all roles.
managed = Page(
    get=(MANAGERS, 200),
    about="user",
    by="pk",
    seen=dict.fromkeys(MANAGERS, EVERY),
    but={("user_manager", "self"): 403, ("user_manager", "root"): 403, ("superuser", "root"): 403},
)
SITE = {
    "admin:index": Page(get=anyone, post=anyone),
    "admin:login": Page(get=(STAFF, FOUND), post=(STAFF, FOUND), public=SIGN_IN),
    "admin:logout": Page(post=(STAFF, FOUND), within=STAFF, before_factor=True),
    "admin:password_change": Page(get=(STAFF, FOUND), post=(STAFF, FOUND)),
    "admin:password_change_done": Page(get=(STAFF, FOUND), post=(STAFF, FOUND)),
    "admin:autocomplete": Page(get=(CARE, 200), address=chooser, within=STAFF),
    "admin:jsi18n": Page(get=anyone, within=STAFF),
    "admin:view_on_site": Page(
        get=(STAFF, 404), post=(STAFF, 404), about="patient", address=on_site
    ),
    "admin:app_list": Page(get=anyone, post=anyone, kwargs={"app_label": "records"}),
    "admin/(?P<url>.*)$": Page(get=(STAFF, 404), post=(STAFF, 404), address=lambda _: "/admin/x/"),
    "admin:figures_supply": Page(get=(SUPPLY, 200), within=STAFF),
    "admin:figures_coverage": Page(get=(COVERAGE, 200), within=STAFF),
    "admin:figures_coverage_file": Page(get=(COVERAGE, 200), within=STAFF),
    "admin:accounts_user_reset_second_factor": replace(managed, post=(MANAGERS, FOUND)),
    "admin:accounts_user_invite_again": replace(
        managed,
        post=(MANAGERS, FOUND),
        # The user manager's account waits for no password.
        but=managed.but | {("superuser", "GET", "self"): 403, ("superuser", "POST", "self"): 403},
    ),
    "admin:records_patient_merge": Page(
        get=(KEEPERS, 200), post=(KEEPERS, 200), about="pair", seen=IN_ADMIN, address=pair
    ),
    "admin:records_dose_void_several": Page(
        get=(CARE, 200), post=(CARE, 200), about="dose", seen=IN_ADMIN, address=several
    ),
}

# ------------------------------------------------------------------------------------ Accounts


def library(get: int = 200, post: int | None = None, **more: Any) -> Page:
    """Return a page of allauth's for whoever is signed in."""
    return Page(get=(SIGNED_IN, get), post=(SIGNED_IN, post) if post else None, **more)


def entrance(**more: Any) -> Page:
    """Return a page for who is not signed in; who is goes on to the start."""
    return library(FOUND, FOUND, public=200, **more)


def plain(status: int, *methods: str) -> dict[tuple[str, ...], int | str]:
    """Return the answer to who has no second factor: those who need none."""
    keys: list[tuple[str, ...]] = [(method, "") for method in methods] or [("",)]
    return {(actor, *key): status for actor in ("patient", "no_role") for key in keys}


ACCOUNTS = {
    "tour_done": Page(post=(SIGNED_IN, FOUND)),
    "change_language": Page(post=(SIGNED_IN, FOUND), public=FOUND, before_factor=True),
    "registration": Page(get=(PORTAL, 200)),
    "own_record": Page(
        get=(PORTAL, 200),
        post=(PORTAL, 200),
        but={("patient", method, ""): FOUND for method in ("GET", "HEAD")},
    ),
    "claim": Page(get=(PORTAL, 200), post=(PORTAL, 200)),
    "account_login": entrance(),
    "account_signup": entrance(),
    "account_logout": library(post=FOUND, public=FOUND, before_factor=True),
    "account_inactive": library(public=200),
    "account_reauthenticate": library(
        FOUND, FOUND, before_factor=True, but=plain(200) | {(NO_FACTOR, ""): 200}
    ),
    "account_email": library(post=FOUND),
    "account_email_verification_sent": library(public=200),
    "account_change_password": library(post=200),
    "account_set_password": library(FOUND, FOUND),
    "account_reset_password": library(post=200, public=200),
    "account_reset_password_done": library(public=200),
    "account_reset_password_from_key": library(
        post=200, public=200, kwargs={"uidb36": "1", "key": "x-y"}
    ),
    "account_reset_password_from_key_done": library(public=200),
    "account_confirm_login_code": library(FOUND, FOUND),
    "account_confirm_email": library(
        post=404,
        public=200,
        kwargs={"key": "none"},
        but={(actor, "POST", ""): 404 for actor in OUT},
    ),
    "mfa_index": library(before_factor=True),
    "mfa_authenticate": library(FOUND, FOUND),
    "mfa_reauthenticate": library(post=200, but=plain(FOUND)),
    "mfa_reauthenticate_webauthn": library(FOUND, FOUND),
    "mfa_activate_totp": library(
        FOUND, FOUND, before_factor=True, but=plain(200) | {(NO_FACTOR, ""): 200}
    ),
    "mfa_deactivate_totp": library(post=200, but=plain(404)),
    "mfa_view_recovery_codes": library(404),
    "mfa_generate_recovery_codes": library(post=FOUND, but=plain(200, "POST")),
    "mfa_download_recovery_codes": library(404, 404),
    "mfa_list_webauthn": library(),
    "mfa_add_webauthn": library(post=200, before_factor=True),
    "mfa_remove_webauthn": library(post=FOUND, about="passkey", by="pk"),
    "mfa_edit_webauthn": library(post=FOUND, about="passkey", by="pk"),
    "mfa_login_webauthn": library(FOUND, FOUND, public=SIGN_IN),
}

OAUTH = {
    "connected_apps": library(),
    "disconnect_app": library(post=FOUND, about="connection", seen={"patient": frozenset({"own"})}),
    # Asked for nothing in particular, which is refused before the sign-in too.
    "oauth2_provider:authorize": library(400, 400, public=400),
    "oauth2_provider:token": Page(post=(SIGNED_IN, 400), public=400),
    "oauth2_provider:revoke-token": Page(post=(SIGNED_IN, 400), public=400),
    "oauth2_provider:oauth-server-metadata": library(public=200),
}

# Anybody checks codes: nobody's records are read.
VERIFY = {
    "page": Page(get=(SIGNED_IN, 200), post=(SIGNED_IN, 200), public=200),
    **dict.fromkeys(
        ("trust", "words", "manifest", "service_worker"), Page(get=(SIGNED_IN, 200), public=200)
    ),
}

# Help is for anybody, and needed most by who does not get in.
HELP = {
    "index": library(public=200, before_factor=True),
    "topic": library(public=200, before_factor=True, kwargs={"slug": "first-steps"}),
}

# Keys and revocations are for anyone; whose address names no key there is none.
WELL_KNOWN = {
    "keys": Page(get=(SIGNED_IN, 200), public=200),
    "revocations": Page(get=(SIGNED_IN, 404), public=404, kwargs={"kid": "none"}),
}

PAGES: dict[str, Page] = {
    "home": Page(get=(SIGNED_IN, 200), public=200),
    "styleguide": Page(get=(SIGNED_IN, 200), public=200),  # in development only
    **{f"verify:{name}": page for name, page in VERIFY.items()},
    **{f"help:{name}": page for name, page in HELP.items()},
    **{f"well_known:{name}": page for name, page in WELL_KNOWN.items()},
    **{f"clinic:{name}": page for name, page in CLINIC.items()},
    **{f"passport:{name}": page for name, page in PASSPORT.items()},
    **SHARED,
    **TEAMS,
    **{name: page for label, model in MODELS.items() for name, page in pages_of(label, model)},
    **SITE,
    **ACCOUNTS,
    **API,
    **FHIR,
    **OAUTH,
}
