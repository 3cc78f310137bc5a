"""Every example of docs/api.md runs against a server and prints what the page says."""

import json
import os
import re
import subprocess
import sys
from typing import NamedTuple

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts.oauth.applications import register
from accounts.oauth.scopes import SCOPES
from records.codecs import shc
from records.codecs.credentials import Person
from records.domain import patients
from records.models import Dose, Patient
from tests.records import factories as make
from tests.records.signing import CARD_DOSE, NOW, CardIssuer, trusted

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PAGE = settings.BASE_DIR / "docs" / "api.md"
BLOCK = re.compile(r"^### (?P<job>[^\n]+)$|^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)


class Example(NamedTuple):
    job: str
    kind: str
    code: str
    printed: str


def examples():
    job, code = "", None
    for found in BLOCK.finditer(PAGE.read_text()):
        if found["job"]:
            job = found["job"]
        elif found["kind"] == "text":
            yield Example(job, *code, found["text"])
        elif found["kind"] in ("sh", "python"):
            code = (found["kind"], found["text"])


def client_module():
    [text] = re.findall(r"^```python\n(# client\.py\n.*?)^```$", PAGE.read_text(), re.M | re.S)
    return text


def signed_code():
    """Return a card of an issuer that the site trusts."""
    issuer = CardIssuer()
    trusted(issuer, name="Harbour Clinic")
    person = Person("Novák", "Ada", birth_date="1980-05-17")
    payload = shc.payload(issuer.iss, NOW, person, [CARD_DOSE], "rid")
    return shc.numeric(issuer.sign(payload))


@pytest.fixture
def site(live_server, tmp_path):
    """Return what the examples find in their environment: a site with what they name."""
    make.ensure_roles()
    clinic = make.make_clinic(code="HARBOUR", name="Harbour Clinic")
    manufacturer = make.make_manufacturer(mvx_code="HLX", name="Helix")
    vaccine = make.make_vaccine(cvx_code="H1", short_name="COVID-19", min_interval_days=21)
    lot = make.make_lot(number="HL-1", manufacturer=manufacturer, vaccine=vaccine)
    volunteer = make.make_volunteer(clinic)
    keeper = make.make_user("DBA", kind=get_user_model().Kind.SERVICE)
    keeper.groups.add(Group.objects.get(name="Volunteer"))  # who issues codes
    application, secret = register(
        by=make.make_user("User manager"),
        scopes=list(SCOPES),
        name="Harbour's system",
        client_type="confidential",
        authorization_grant_type="client-credentials",
        redirect_uris="",
        service_user=keeper,
    )
    (tmp_path / "client.py").write_text(client_module())
    return {
        "VAXPASS_URL": live_server.url,
        "CLIENT_ID": application.client_id,
        "CLIENT_SECRET": secret,
        "CLINIC": clinic.public_id,
        "LOT": lot.public_id,
        "VOLUNTEER": volunteer.public_id,
        "MANUFACTURER": manufacturer.public_id,
        "CODE": signed_code(),
    }


def found_so_far(directory):
    """Return the ids that a reader takes from the answers before."""
    found = {}
    if (token := directory / "token.json").exists():
        found["TOKEN"] = json.loads(token.read_text())["access_token"]
    for name, first_name in (("PATIENT", "Ada"), ("DUPLICATE", "Ivo")):
        if patient := Patient.objects.filter(first_name=first_name, last_name="Novak").first():
            found[name] = patient.public_id
    if dose := Dose.objects.filter(administered_on="2025-01-06").first():
        found["DOSE"] = dose.public_id
    if second := Patient.history.filter(first_name="Ada", version=2).first():
        found["THEN"] = second.history_date.isoformat()
    return found


def confirm(first_name):
    """Let a clinic confirm whose record it is, which its own pages do."""
    patient = Patient.objects.get(first_name=first_name, last_name="Novak")
    if patient.identity_confirmed_on is None:
        patients.confirm_identity(by=make.system(), patient=patient, version=patient.version)


def test_every_example_prints_what_the_page_says(site, tmp_path):
    printed = {}
    for example in examples():
        if example.job == "Make a signed code":
            confirm("Ada")
        environment = {**os.environ, **site, **found_so_far(tmp_path)}
        command = ["bash", "-eu"] if example.kind == "sh" else [sys.executable, "-"]
        run = subprocess.run(
            command,
            input=example.code,
            env={name: str(value) for name, value in environment.items()} | {"PYTHONPATH": "."},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        call_command("run_imports", once=True)
        printed[example.job, example.kind] = run.stdout.strip() + run.stderr
    assert printed == {(each.job, each.kind): each.printed.strip() for each in examples()}


def test_every_job_has_an_example_for_the_shell_and_one_for_python():
    kinds = {}
    for example in examples():
        kinds.setdefault(example.job, []).append(example.kind)

    assert kinds
    assert [job for job, shown in kinds.items() if shown != ["sh", "python"]] == []
