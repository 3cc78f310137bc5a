"""Somebody who shares their record by a link, and what a program does that opens it."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.test import Client
from django.utils import timezone
from joserfc import jwe
from joserfc.jwk import OctKey

from accounts.roles import PATIENT
from records.codecs import shc
from records.domain.share_links import create_share_link
from records.models import Dose, Patient, ShareLink
from tests.records import factories as make
from tests.records import issuer

PASSCODE = "blue heron"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def signs(settings: Any) -> None:
    """Let VaxPass sign cards as a site whose address fits a link."""
    settings.ISSUER = replace(issuer.with_keys(), url="https://vaxpass.example.org")


@dataclass
class Sharer:
    """A patient with an account of their own, and a dose."""

    user: Any
    patient: Patient
    dose: Dose
    grant: Any

    def share(self, **fields: Any) -> tuple[ShareLink, str]:
        """Return a link, for a week unless ``fields`` say otherwise, and its text."""
        fields = {"label": "School", "expires_at": in_days(7), **fields}
        return create_share_link(by=self.user, patient=self.patient, **fields)


@pytest.fixture
def sharer(db: None, signs: None) -> Sharer:
    return make_sharer()


def make_sharer(**names: Any) -> Sharer:
    """Return somebody whose identity a clinic has confirmed."""
    patient = make.make_patient(
        clinic=make.make_clinic(),
        identity_confirmed=True,
        **{"last_name": "Quibblesworth", **names},
    )
    user = make.make_user(PATIENT.name)
    grant = make.make_grant(user, patient)
    vaccine = make.make_vaccine()
    dose = make.make_dose(patient=patient, lot=make.make_lot(vaccine=vaccine, number="ZQ42"))
    return Sharer(user, patient, dose, grant)


def in_days(days: float) -> dt.datetime:
    return timezone.now() + dt.timedelta(days=days)


def payload_of(text: str) -> dict[str, Any]:
    """Return what a link's text holds."""
    assert text.startswith("shlink:/")
    encoded = text.removeprefix("shlink:/")
    assert "=" not in encoded
    found: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(encoded + "=="))
    return found


def token_of(text: str) -> str:
    return str(payload_of(text)["url"]).rpartition("/")[2]


def ask(token: str, client: Client | None = None, **body: Any) -> Any:
    """Return the answer to a manifest request; ``recipient`` is Dr Who unless it is given."""
    body = {"recipient": "Dr Who", **body}
    return (client or Client()).post(f"/s/{token}", body, content_type="application/json")


def typed(token: str, client: Client | None = None, /, **fields: str) -> Any:
    """Return the page that a person gets who fills the form in."""
    return (client or Client()).post(
        f"/s/{token}", urlencode(fields), content_type="application/x-www-form-urlencoded"
    )


def decrypted(content: str, text: str) -> dict[str, Any]:
    """Return the file in a JWE, opened with the key of a link's text."""
    key = OctKey.import_key({"kty": "oct", "k": payload_of(text)["key"]})
    opened = jwe.decrypt_compact(content, key, algorithms=["dir", "A256GCM"])
    assert opened.headers() == {
        "alg": "dir",
        "enc": "A256GCM",
        "cty": "application/smart-health-card",
    }
    assert opened.plaintext is not None
    found: dict[str, Any] = orjson.loads(opened.plaintext)
    return found


def stated(answer: Any, text: str) -> list[Any]:
    """Return what the cards behind a manifest state."""
    [file] = answer.json()["files"]
    assert file["contentType"] == "application/smart-health-card"
    cards = decrypted(file["embedded"], text)["verifiableCredential"]
    return [shc.read(card).statement for card in cards]
