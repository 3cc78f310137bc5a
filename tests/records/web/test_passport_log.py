"""Who looked at my record: the portal's page."""

import datetime as dt
import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.roles import DBA, PATIENT
from records.domain import access_log, lookup, reading
from records.domain.reading import note_read
from records.models import AuditEntry, Patient
from records.web.log_words import ACTS, READ, VERBS
from tests.records import factories as make

pytestmark = pytest.mark.django_db

ABOUT_PATIENTS = "patient|dose|enrolment|claim"


@pytest.fixture
def user(db: None) -> Any:
    return make.make_user(PATIENT.name, name="Ada Okonkwo")


@pytest.fixture
def patient(user: Any) -> Patient:
    patient = make.make_patient(last_name="Okonkwo")
    make.make_grant(user, patient)
    AuditEntry.objects.all().delete()
    return patient


@pytest.fixture
def at_home(client: Client, user: Any) -> Client:
    client.force_login(user)
    AuditEntry.objects.all().delete()
    return client


def path_of(patient: Patient) -> str:
    return f"/passport/{patient.public_id}/log"


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def test_log_names_the_volunteer_the_clinic_and_the_act(at_home: Client, patient: Patient) -> None:
    clinic = make.make_clinic(name="Harbour Clinic")
    account = make.make_volunteer_user(clinic)
    entry = AuditEntry(
        at=dt.datetime.now(dt.UTC),
        actor=account,
        action="dose.recorded",
        patient=patient,
        subject_type="dose",
        subject_id=patient.public_id,
        channel="web",
    )
    entry.save()
    text = text_of(at_home, path_of(patient))
    assert f"Recorded a dose {account.volunteer} · Harbour Clinic · on this site" in text
    assert account.email not in text


def test_log_tells_who_scanned_a_code_from_who_searched(at_home: Client, patient: Patient) -> None:
    clinic = make.make_clinic()
    account = make.make_volunteer_user(clinic)
    lookup.found_by_code(by=account, clinic=clinic, patient=patient)
    text = text_of(at_home, path_of(patient))
    assert f"Found the record by a scanned code {account.volunteer}" in text
    assert "by surname and birth date" not in text


def test_log_shows_ones_own_looks_as_you(at_home: Client, patient: Patient) -> None:
    at_home.get(f"/passport/{patient.public_id}/")
    text = text_of(at_home, path_of(patient))
    assert text.index("Looked at who had looked You") < text.index("Opened the passport You")


def test_log_tells_a_keepers_look_by_name_and_role(at_home: Client, patient: Patient) -> None:
    keeper = make.make_user(DBA.name, name="Dora Base")
    note_read(by=keeper, patients=[patient], what="list")
    text = text_of(at_home, path_of(patient))
    assert "Saw the name in a list Dora Base · Keeper of the records" in text


def test_log_names_no_account_by_its_address(at_home: Client, patient: Patient) -> None:
    other = make.make_user(PATIENT.name)
    note_read(by=other, patients=[patient], what="record")
    text = text_of(at_home, path_of(patient))
    assert "An account without a name" in text
    assert other.email not in text


def test_log_shows_nothing_of_other_patients(at_home: Client, patient: Patient) -> None:
    other = make.make_patient(last_name="Zanzottera")
    keeper = make.make_user(DBA.name, name="Dora Base")
    note_read(by=keeper, patients=[other], what="record")
    text = text_of(at_home, path_of(patient))
    assert "Zanzottera" not in text
    assert "Dora Base" not in text


def test_log_of_another_patient_is_404_like_an_absent_one(at_home: Client, user: Any) -> None:
    assert at_home.get(path_of(make.make_patient())).status_code == 404
    absent = "/passport/00000000-0000-4000-8000-000000000000/log"
    assert at_home.get(absent).status_code == 404


@pytest.mark.parametrize(
    ("template", "status"), [("self", 200), ("guardian", 200), ("carer", 403), ("relative", 403)]
)
def test_log_is_for_those_who_may_share(
    at_home: Client, user: Any, template: str, status: int
) -> None:
    child = make.make_patient()
    make.make_grant(user, child, template=template)
    assert at_home.get(path_of(child)).status_code == status
    page = at_home.get(f"/passport/{child.public_id}/").content.decode()
    assert (path_of(child) in page) == (status == 200)


def test_looks_of_one_day_that_say_the_same_are_one_row(at_home: Client, patient: Patient) -> None:
    keeper = make.make_user(DBA.name, name="Dora Base")
    for _ in range(3):
        note_read(by=keeper, patients=[patient], what="record")
    text = text_of(at_home, path_of(patient))
    assert text.count("Dora Base") == 1
    assert "3 times that day" in text


def test_long_log_goes_on_by_cursor_without_gap_or_repetition(
    at_home: Client, patient: Patient, monkeypatch: Any, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(access_log, "PAGE", 2)
    monkeypatch.setattr("records.web.passport_log.PAGE", 2)
    for number in range(3):
        keeper = make.make_user(DBA.name, name=f"Keeper {number}")
        note_read(by=keeper, patients=[patient], what="record")
    seen, address = [], path_of(patient)
    for _ in range(2):
        with django_assert_max_num_queries(14):
            page = at_home.get(address).content.decode()
        seen += re.findall(r"Keeper \d", page)
        older = re.search(r"\?before=\d+", page)
        assert older
        address = path_of(patient) + older[0]
    assert seen == ["Keeper 2", "Keeper 1", "Keeper 0"]
    assert "Nothing earlier" in text_of(at_home, f"{path_of(patient)}?before=1")


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "²"])
def test_nonsense_for_a_cursor_shows_the_newest(
    at_home: Client, patient: Patient, cursor: str
) -> None:
    assert "Looked at who had looked" in text_of(at_home, f"{path_of(patient)}?before={cursor}")


def test_every_act_on_a_patient_has_words() -> None:
    act = re.compile(rf'"((?:{ABOUT_PATIENTS})\w*\.\w+)"')
    sources = (settings.BASE_DIR / "records" / "domain").glob("*.py")
    acts = {name for path in sources for name in act.findall(path.read_text())}
    wordless = {a for a in acts if a not in ACTS and a.rpartition(".")[2] not in VERBS}
    assert wordless <= {"patient.read", "claim.user", "claim.network"}
    assert len(acts) > 20


def test_every_kind_of_look_has_words() -> None:
    kinds = {value for name, value in vars(reading).items() if name.isupper() and name != "BATCH"}
    assert kinds - {reading.READ} == set(READ)
