"""Checking codes in a real browser: pasted, uploaded, scanned, and without network."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from records.codecs import qr, shc
from records.domain import doses, lots
from records.domain.boxes import unseal
from records.models import Dose
from tests.conftest import CHROMIUM, CHROMIUM_ARGS, watch
from tests.e2e.verifying import opened
from tests.records import factories as make
from tests.records import issuer
from tests.records.signing import CardIssuer

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

GROW_OLD = """
() => {
  const kept = JSON.parse(localStorage["vaxpass-verify-confirmed"]);
  kept.confirmed -= 8 * 86_400_000;
  localStorage["vaxpass-verify-confirmed"] = JSON.stringify(kept);
}
"""
COPY_OF_PAGE = """
async () => {
  const kept = await caches.match("/verify/", { ignoreVary: true });
  return kept ? await kept.text() : "";
}
"""


@pytest.fixture
def dose(db: None) -> Dose:
    make.ensure_roles()
    patient = make.make_patient(last_name="Quibblesworth", first_name="Zoë")
    vaccine = make.make_vaccine(short_name="Covax mRNA")
    return make.make_dose(patient=patient, lot=make.make_lot(number="ZQ42", vaccine=vaccine))


@pytest.fixture
def card(dose: Dose) -> str:
    return unseal(bytes(issuer.issue_one(dose.patient).content)).decode()


@pytest.fixture(params=[390, 1280], ids=["phone", "desk"])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def void(dose: Dose) -> None:
    doses.void_dose(by=make.system(), dose=dose, version=dose.version, reason="Wrong patient")


def paste(page: Page, text: str) -> None:
    page.get_by_label("Code", exact=True).fill(text)
    page.get_by_role("button", name="Check the text").click()


def finds(page: Page, *outcomes: str) -> None:
    """Wait for the results and assert that they are these, in their order."""
    panels = page.locator("[data-part=results] > article")
    expect(panels).to_have_count(len(outcomes))
    for index, outcome in enumerate(outcomes):
        expect(panels.nth(index)).to_have_attribute("data-outcome", outcome)


def fits(page: Page) -> None:
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow)


def is_ready_for_no_network(page: Page) -> None:
    """Wait until the page has its copy: a service worker that has taken over."""
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def test_pasted_code_is_checked_on_the_device(
    browser_page: Page, card: str, dose: Dose, width: int
) -> None:
    browser_page.set_viewport_size({"width": width, "height": 800})
    page = opened(browser_page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))

    paste(page, shc.numeric(card))

    finds(page, "valid")
    panel = page.locator("article")
    for words in ("Valid", "Zoë Quibblesworth", "Covax mRNA", "Lot ZQ42", "Compare name"):
        expect(panel).to_contain_text(words)
    expect(panel).not_to_contain_text("offline")
    fits(page)
    assert "POST" not in sent
    void(dose)
    paste(page, shc.numeric(card))
    finds(page, "revoked")
    expect(panel).to_contain_text("Do not accept it")


def test_recalled_lot_is_marked(browser_page: Page, card: str, dose: Dose) -> None:
    page = opened(browser_page)
    paste(page, card)
    finds(page, "valid")
    expect(page.locator("article")).not_to_contain_text("recalled")
    lot: Any = dose.lot
    lots.recall_lot(
        by=make.system(),
        lot=lot,
        version=lot.version,
        recalled_on=timezone.localdate(),
        reason="Broken",
    )
    paste(page, card)
    expect(page.get_by_text("A lot in this code has been recalled")).to_be_visible()
    finds(page, "valid")


def test_nothing_is_shown_of_a_code_of_strangers(browser_page: Page, card: str) -> None:
    page = opened(browser_page)
    paste(page, CardIssuer().card())
    finds(page, "unknown-issuer")
    expect(page.locator("article")).not_to_contain_text("Šešelj")
    expect(page.locator("article [data-statement]")).to_be_hidden()
    paste(page, "Hello")
    finds(page, "malformed")


def test_uploaded_picture_is_checked_on_the_device(browser_page: Page, card: str) -> None:
    page = opened(browser_page)
    upload = page.get_by_label("Picture or file")
    upload.set_input_files(picture(qr.png(shc.numeric(card))))
    finds(page, "valid")
    upload.set_input_files(picture(two_codes(shc.numeric(card), "https://example.org")))
    expect(page.locator("[data-outcome=malformed]")).to_be_visible()
    expect(page.locator("[data-outcome=valid]")).to_be_visible()
    file: Any = {"name": "a.smart-health-card", "mimeType": "", "buffer": shc.file([card, "x"])}
    upload.set_input_files(file)
    finds(page, "valid", "malformed")


def test_picture_without_a_code_may_go_to_the_server(browser_page: Page) -> None:
    page = opened(browser_page)
    blank = io.BytesIO()
    Image.new("L", (300, 300), 255).save(blank, "PNG")
    page.get_by_label("Picture or file").set_input_files(picture(blank.getvalue()))
    expect(page.get_by_role("heading", name="No code found")).to_be_visible()
    page.get_by_role("button", name="Let the server look at it").click()
    expect(page.get_by_role("heading", name="No code found")).to_be_visible()
    expect(page.get_by_role("button", name="Let the server look at it")).to_have_count(0)


def test_code_after_the_hash_is_checked_and_leaves_the_address(
    browser_page: Page, card: str
) -> None:
    opened(browser_page)
    browser_page.goto(f"/verify/#{card}")
    finds(browser_page, "valid")
    assert card not in browser_page.url


def test_installed_page_checks_without_network(browser_page: Page, card: str, dose: Dose) -> None:
    page = opened(browser_page)
    is_ready_for_no_network(page)
    context = page.context

    context.set_offline(True)
    page.goto("/verify/")
    expect(page.locator("[data-verify]")).to_have_attribute("data-ready", "")
    paste(page, card)
    finds(page, "valid")
    expect(page.locator("article")).to_contain_text("Checked offline")
    expect(page.locator("article")).to_contain_text("Covax mRNA")

    void(dose)
    paste(page, card)
    finds(page, "valid")  # as the device cannot know, and says
    context.set_offline(False)
    page.reload()
    expect(page.locator("[data-verify]")).to_have_attribute("data-ready", "")
    context.set_offline(True)
    paste(page, card)
    finds(page, "revoked")
    expect(page.locator("article")).to_contain_text("Checked offline")


def test_verdict_is_in_the_language_that_was_chosen(browser_page: Page, card: str) -> None:
    page = opened(browser_page)
    is_ready_for_no_network(page)
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html[lang=es] [data-verify]")).to_have_attribute("data-ready", "")
    paste_in_spanish = page.get_by_label("Código", exact=True)
    for _ in range(100):  # until the English one is gone
        if '<html lang="es"' in page.evaluate(COPY_OF_PAGE):
            break
        page.wait_for_timeout(100)
    is_ready_for_no_network(page)
    for offline in (False, True):
        page.context.set_offline(offline)
        if offline:
            page.goto("/verify/")
            expect(page.locator("[data-verify]")).to_have_attribute("data-ready", "")
        paste_in_spanish.fill(card)
        page.get_by_role("button", name="Verificar el texto").click()
        finds(page, "valid")
        expect(page.locator("article")).to_contain_text("Válido")


def test_copy_shows_nobodys_account(browser_login: Callable[[Any], Page]) -> None:
    page = browser_login(make.make_user(name="Ada Quibblesworth"))
    opened(page)
    expect(page.get_by_role("banner")).to_contain_text("Ada")
    is_ready_for_no_network(page)
    page.context.set_offline(True)
    page.goto("/verify/")
    expect(page.get_by_role("heading", name="Check a vaccination code")).to_be_visible()
    expect(page.get_by_role("banner")).not_to_contain_text("Ada")


def test_trust_list_that_fails_to_load_replaces_nothing(browser_page: Page, card: str) -> None:
    page = opened(browser_page)
    for body in ("", "<h1>Gateway</h1>", "{}", '{"issuers": []}'):
        page.route("**/trust.json", answering(body))
        paste(page, card)
        finds(page, "valid")
        expect(page.locator("article")).to_contain_text("Checked offline")
        page.unroute("**/trust.json")


def answering(body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=200, body=body)


def test_old_keys_are_warned_of(browser_page: Page, card: str) -> None:
    page = opened(browser_page)
    expect(page.get_by_text("Keys and withdrawals as of")).to_be_visible()
    is_ready_for_no_network(page)
    page.evaluate(GROW_OLD)
    page.context.set_offline(True)
    page.goto("/verify/")
    expect(page.get_by_role("heading", name="more than a week old")).to_be_visible()
    expect(page.get_by_text("(8 days ago)")).to_be_visible()


def test_page_works_without_a_script(
    browser: Browser, live_server: LiveServer, card: str, width: int
) -> None:
    context = browser.new_context(
        base_url=live_server.url,
        java_script_enabled=False,
        viewport={"width": width, "height": 800},
    )
    faults = watch(context)
    page = context.new_page()
    page.goto("/verify/")
    expect(page.get_by_role("button", name="Scan with the camera")).to_be_hidden()
    paste(page, card)
    finds(page, "valid")
    expect(page.locator("article")).to_contain_text("Covax mRNA")
    page.get_by_label("Picture or file").set_input_files(picture(qr.png(shc.numeric(card))))
    page.get_by_role("button", name="Check the picture").click()
    finds(page, "valid")
    assert not page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    context.close()
    assert faults == []


@pytest.fixture
def camera(browser: Browser, card: str, tmp_path: Path, live_server: LiveServer) -> Iterator[Page]:
    """A page of a browser whose camera sees the card."""
    film = tmp_path / "card.mjpeg"
    film.write_bytes(frame(shc.numeric(card)) * 3)
    seen = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    chromium = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, *seen], timeout=60_000
    )
    context = chromium.new_context(base_url=live_server.url)
    faults = watch(context)
    yield context.new_page()
    chromium.close()
    assert faults == []


def test_camera_scans_a_card(camera: Page) -> None:
    page = opened(camera)
    page.get_by_role("button", name="Scan with the camera").click()
    finds(page, "valid")
    expect(page.locator("article")).to_contain_text("Zoë Quibblesworth")
    expect(page.locator("video")).to_be_hidden()


def picture(content: bytes) -> Any:
    return {"name": "code.png", "mimeType": "image/png", "buffer": content}


def two_codes(*texts: str) -> bytes:
    sheet = Image.new("L", (1400, 800), 255)
    for index, text in enumerate(texts):
        code = Image.open(io.BytesIO(qr.png(text))).convert("L")
        sheet.paste(code.resize((600, 600), Image.Resampling.NEAREST), (50 + 650 * index, 100))
    written = io.BytesIO()
    sheet.save(written, "PNG")
    return written.getvalue()


def frame(text: str) -> bytes:
    """Return a picture of the camera: a card held into the middle of a grey room."""
    scene = Image.new("RGB", (1280, 720), (110, 110, 110))
    code = Image.open(io.BytesIO(qr.png(text))).convert("RGB")
    scene.paste(code.resize((620, 620)), (330, 50))
    written = io.BytesIO()
    scene.save(written, "JPEG", quality=92)
    return written.getvalue()
