"""The page where anybody checks a code, as the server answers without a script."""

from __future__ import annotations

import datetime as dt
import io
import logging
import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files import uploadhandler
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from records.api import throttles
from records.api.throttles import ClientRate
from records.codecs import qr, shc
from records.codecs.credentials import Kind, Outcome
from records.domain import doses, lots
from records.domain.boxes import unseal
from records.models import AuditEntry, Credential
from records.web import verify
from records.web.verify_words import KINDS, OUTCOMES, TERMS
from tests.records import factories as make
from tests.records import issuer
from tests.records.codecs.hcert import codes
from tests.records.codecs.shc import values
from tests.records.signing import DAY, CardIssuer, CountrySigner, trusted

pytestmark = pytest.mark.django_db

PAGE = "/verify/"
NEVER = dict.fromkeys(("read-burst", "read-sustained", "write-burst", "write-sustained"))


@pytest.fixture
def patient():
    return make.make_patient(
        last_name="Quibblesworth", first_name="Zoë", date_of_birth=dt.date(1986, 4, 2)
    )


@pytest.fixture
def dose(patient):
    vaccine = make.make_vaccine(short_name="Covax mRNA")
    return make.make_dose(patient=patient, lot=make.make_lot(number="ZQ42", vaccine=vaccine))


@pytest.fixture
def card(patient, dose):
    """A card of the site itself."""
    return text_of(issuer.issue_one(patient))


def text_of(credential: Credential) -> str:
    return unseal(bytes(credential.content)).decode()


def pasted(client, text):
    return client.post(PAGE, {"code": text})


def uploaded(client, content, name="picture.png"):
    return client.post(PAGE, {"picture": SimpleUploadedFile(name, content)})


def outcomes(response):
    assert response.status_code == 200
    shown = response.content.decode().split("<template")[0]
    return re.findall(r'data-outcome="([^"]*)"', shown)


def shown_text(response):
    return response.content.decode().split("<template")[0]


def side_by_side(*texts):
    """Return a picture of the codes of several texts."""
    pictures = [Image.open(io.BytesIO(qr.png(text))).convert("L") for text in texts]
    width = sum(picture.width for picture in pictures)
    sheet = Image.new("L", (width, max(picture.height for picture in pictures)), 255)
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width
    written = io.BytesIO()
    sheet.save(written, "PNG")
    return written.getvalue()


def test_start_page_leads_to_it(client):
    assert f'href="{PAGE}"' in client.get("/").content.decode()
    client.force_login(make.make_user())
    assert f'href="{PAGE}"' in client.get("/").content.decode()


def test_pasted_card_is_valid_and_says_what_it_holds(client, card):
    response = pasted(client, shc.numeric(card))
    assert outcomes(response) == ["valid"]
    page = shown_text(response)
    for words in ("Valid", "Zoë Quibblesworth", "2 April 1986", "Covax mRNA", "ZQ42", "VaxPass"):
        assert words in page
    assert "Compare name and birth date with an identity document." in page


def test_certificate_shows_both_names_and_the_names_of_its_codes(client, patient):
    issuer.eu_dose(patient, lot=make.make_lot(eu_product=issuer.product(name="Comirnaty")))
    response = pasted(client, text_of(issuer.issue_one(patient, "dcc")))
    assert outcomes(response) == ["valid"]
    page = shown_text(response)
    for words in (
        "Zoë Quibblesworth",
        "QUIBBLESWORTH&lt;&lt;ZOE",
        "Comirnaty",
        "covid-19 vaccines",
    ):
        assert words in page
    assert "COVID-19" in page


def test_void_dose_shows_at_once(client, card, dose):
    doses.void_dose(by=make.system(), dose=dose, version=dose.version, reason="Wrong patient")
    response = pasted(client, card)
    assert outcomes(response) == ["revoked"]
    assert "Do not accept it" in shown_text(response)


def test_times_decide(client):
    signer = CountrySigner(not_before=timezone.now() - DAY, not_after=timezone.now() + 9 * DAY)
    trusted(signer)
    now = timezone.now()
    late = signer.write(issued_at=now - DAY / 2, expires_at=now - DAY / 4)
    early = signer.write(issued_at=now + DAY, expires_at=now + 2 * DAY)
    assert outcomes(pasted(client, late)) == ["expired"]
    assert outcomes(pasted(client, early)) == ["not-yet-valid"]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Hello", "malformed"),
        ("shlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnIn0", "malformed"),
        ("HC1:" + "A" * 4300, "malformed"),
    ],
)
def test_what_is_no_code_is_said_to_be_none(client, text, outcome):
    assert outcomes(pasted(client, text)) == [outcome]


def test_nothing_is_shown_of_a_code_that_is_not_genuine(client, card):
    stranger = CardIssuer(settings.ISSUER.url)
    trusted(CardIssuer("https://other.example"))
    head, body, _ = card.split(".")
    forged = f"{head}.{body}.{stranger.card().rpartition('.')[2]}"
    for text, outcome in ((forged, "tampered"), (CardIssuer().card(), "unknown-issuer")):
        response = pasted(client, text)
        assert outcomes(response) == [outcome]
        page = shown_text(response)
        for word in ("Quibblesworth", "Zoë", "1986", "Covax", "Šešelj", "1980"):
            assert word not in page


def test_test_result_is_not_taken_for_a_vaccination(client):
    cards = CardIssuer()
    trusted(cards)
    claims = values.with_bundle(values.PATIENT, values.OBSERVATION)
    response = pasted(client, cards.sign(claims | {"iss": cards.iss}))
    assert outcomes(response) == ["valid"]
    assert "a test result, not a vaccination" in shown_text(response)


def test_recalled_lot_is_marked(client, card, dose):
    lots.recall_lot(
        by=make.system(),
        lot=dose.lot,
        version=dose.lot.version,
        recalled_on=timezone.localdate(),
        reason="Broken",
    )
    response = pasted(client, card)
    assert outcomes(response) == ["valid"]
    assert "has been recalled" in shown_text(response)


def test_each_code_of_a_picture_has_its_own_result(client, card):
    stranger = CardIssuer().card()
    picture = side_by_side(shc.numeric(card), shc.numeric(stranger), "https://example.org")
    found = outcomes(uploaded(client, picture))
    assert sorted(found) == ["malformed", "unknown-issuer", "valid"]


def test_card_file_is_checked(client, card):
    response = uploaded(client, shc.file([card, card[:-4]]), "passport.smart-health-card")
    assert outcomes(response) == ["valid", "malformed"]


def test_picture_without_a_code(client):
    written = io.BytesIO()
    Image.new("L", (200, 200), 255).save(written, "PNG")
    response = uploaded(client, written.getvalue())
    assert outcomes(response) == []
    nothing = shown_text(response).split('data-part="nothing"')[1]
    assert nothing.startswith(">")
    assert "No code found" in nothing


@pytest.mark.parametrize(
    ("name", "content"),
    [("picture.png", b"no picture"), ("a.smart-health-card", b"{"), ("a.svg", b"<svg/>")],
)
def test_what_cannot_be_read_is_told_at_its_field(client, name, content):
    response = uploaded(client, content, name)
    assert outcomes(response) == []
    assert "This cannot be read." in shown_text(response)


def test_empty_form_asks_for_a_code(client):
    response = client.post(PAGE, {"code": "  "})
    assert outcomes(response) == []
    assert "This field is required." in shown_text(response)


def test_large_upload_is_refused_unread(client):
    response = uploaded(client, bytes(10_200_000))
    assert response.status_code == 413
    assert "too large" in response.content.decode()


def test_upload_never_touches_a_disk(client, monkeypatch):
    def to_disk(*args, **kwargs):
        raise AssertionError("a temporary file")

    monkeypatch.setattr(uploadhandler, "TemporaryUploadedFile", to_disk)
    noise = io.BytesIO()
    Image.effect_noise((2500, 2500), 60).save(noise, "PNG")
    assert noise.tell() > 3_000_000
    assert uploaded(client, noise.getvalue()).status_code == 200


def test_check_writes_nothing_and_logs_nothing_of_the_code(client, card, caplog):
    before = AuditEntry.objects.count()
    with caplog.at_level(logging.DEBUG), CaptureQueriesContext(connection) as asked:
        pasted(client, card)
    statements = [query["sql"].split()[0].upper() for query in asked.captured_queries]
    assert set(statements) <= {"SELECT", "SAVEPOINT", "RELEASE"}
    assert AuditEntry.objects.count() == before
    told = "\n".join(record.getMessage() for record in caplog.records if "SELECT" not in record.msg)
    assert "Quibblesworth" not in told
    assert card[:40] not in told


def test_code_in_the_address_is_not_read(client, card):
    response = client.get(PAGE, {"code": card})
    assert outcomes(response) == []
    assert card[:40] not in response.content.decode()


def test_form_of_another_site_is_refused(card):
    stranger = Client(enforce_csrf_checks=True)
    assert pasted(stranger, card).status_code == 403


def test_checks_of_one_client_are_limited(client, card, monkeypatch):
    rates = NEVER | {"write-burst": "2/h"}
    monkeypatch.setattr(ClientRate, "THROTTLE_RATES", rates)
    throttles._tally.clear()
    answers = [pasted(client, card).status_code for _ in range(3)]
    throttles._tally.clear()
    assert answers == [200, 200, 429]


def test_page_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get(PAGE).status_code == 200


def test_trust_list_is_sent_again_only_when_something_changed(client, card, dose):
    first = client.get("/verify/trust.json")
    assert first["Cache-Control"] == "no-cache"
    known = {"HTTP_IF_NONE_MATCH": first["ETag"]}
    assert client.get("/verify/trust.json", **known).status_code == 304
    doses.void_dose(by=make.system(), dose=dose, version=dose.version, reason="Wrong patient")
    changed = client.get("/verify/trust.json", **known)
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]
    assert "Quibblesworth" not in changed.content.decode()


def test_trust_list_travels_compressed(client):
    response = client.get("/verify/trust.json", HTTP_ACCEPT_ENCODING="gzip")
    assert response["Content-Encoding"] == "gzip"
    again = client.get(
        "/verify/trust.json", HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=response["ETag"]
    )
    assert again.status_code == 304


def test_script_has_the_names_of_codes_and_words_for_every_outcome(client):
    make.make_vaccine(cvx_code="207", short_name="Covax mRNA")
    told = client.get("/verify/words.json").json()
    assert told["names"]["vaccines"]["207"] == "Covax mRNA"
    assert told["names"]["diseases"]["840539006"] == "COVID-19"
    assert told["names"]["holders"]["ORG-100030215"] == "Biontech Manufacturing GmbH"
    assert set(told["outcomes"]) == {outcome.value for outcome in Outcome}


def test_words_cover_all_that_a_code_can_say():
    assert set(OUTCOMES) == set(Outcome)
    assert {*KINDS, Kind.VACCINATION} == set(Kind)
    stated = {*codes.TEST, *codes.RECOVERY} - {"ci"}
    assert stated <= set(TERMS)


def test_app_can_be_installed(client):
    told = client.get("/verify/app.webmanifest")
    assert told["Content-Type"] == "application/manifest+json"
    manifest = told.json()
    assert (manifest["scope"], manifest["start_url"]) == ("/verify/", "/verify/")
    for icon in manifest["icons"]:
        path = finders.find(icon["src"].removeprefix("/static/"))
        side = int(icon["sizes"].split("x")[0])
        assert Image.open(path).size == (side, side)


def test_service_worker_keeps_what_the_page_needs(client):
    script = client.get("/verify/sw.js")
    assert script["Content-Type"].startswith("text/javascript")
    kept = re.findall(r'"(/[^"]+)"', script.content.decode().split("];")[0])
    assert {"/verify/", "/verify/words.json", "/static/vaxpass/verify.css"} <= set(kept)
    page = client.get(PAGE).content.decode()
    loads = r'<(?:script|img|link rel="stylesheet"|link rel="icon")[^>]* (?:src|href)="([^"]+)"'
    loaded = re.findall(loads, page)
    assert set(loaded) <= set(kept)


def test_service_worker_changes_with_what_it_keeps(client, monkeypatch):
    before = client.get("/verify/sw.js")
    assert client.get("/verify/sw.js", HTTP_IF_NONE_MATCH=before["ETag"]).status_code == 304
    make.make_vaccine(short_name="Brand new")
    assert client.get("/verify/sw.js").content != before.content


def test_page_works_where_the_script_was_not_built(client, card, monkeypatch):
    monkeypatch.setattr(verify, "SCRIPT", "verify/never-built.js")
    page = client.get(PAGE).content.decode()
    assert "not built" in page
    assert "<script" not in page
    assert "never-built" not in client.get("/verify/sw.js").content.decode()
    assert outcomes(pasted(client, card)) == ["valid"]


@pytest.mark.parametrize("path", ["trust.json", "words.json", "app.webmanifest", "sw.js"])
def test_files_of_the_app_are_only_read(client, path):
    assert client.get(PAGE + path).status_code == 200
    assert client.post(PAGE + path).status_code == 405
