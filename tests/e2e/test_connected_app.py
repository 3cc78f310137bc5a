"""An app of another maker, in a real browser: asked for, let in, used and thrown out."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.roles import SALES
from tests.accounts.oauth.flows import VERIFIER, address_of, make_app
from tests.records import factories as make

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


class Listener(HTTPServer):
    """The part of the app that listens for the browser's return."""

    asked: list[str]


class Callback(BaseHTTPRequestHandler):
    """Keeps the address that the browser asked for."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Back in the app</h1>")

    def log_message(self, *args: Any) -> None:
        """Write nothing."""


@pytest.fixture
def app_server() -> Iterator[Listener]:
    """Listen on a port of this computer, as an app does that runs on it."""
    with Listener(("127.0.0.1", 0), Callback) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def send(url: str, sent: dict[str, str] | None = None, token: str = "") -> tuple[int, Any]:
    """Send a request as a program does, without a browser."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = urlencode(sent).encode() if sent else None
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, None


def test_app_is_let_in_used_and_thrown_out(
    browser_login: Callable[[Any], Page], live_server: LiveServer, app_server: Listener
) -> None:
    make.make_clinic(name="Harbour Clinic")
    app = make_app(name="Planner", redirect_uris="http://127.0.0.1/back")
    back = f"http://127.0.0.1:{app_server.server_address[1]}/back"
    page = browser_login(make.make_user(SALES.name))
    address = address_of(app, redirect_uri=back, scope="reference:read")

    page.goto(address)
    expect(page.get_by_text("Read clinics, manufacturers, vaccines and lots")).to_be_visible()
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("heading", name="Back in the app")).to_be_visible()
    assert any("error=access_denied" in path for path in app_server.asked)

    page.goto(address)
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("heading", name="Back in the app")).to_be_visible()
    [returned] = [path for path in app_server.asked if "code=" in path]
    told = dict(parse_qsl(urlsplit(returned).query))
    assert told["state"] == "the state"

    clinics = f"{live_server.url}/api/v1/clinics"
    exchange = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": told["code"],
        "redirect_uri": back,
        "code_verifier": VERIFIER,
    }
    _, given = send(f"{live_server.url}/oauth/token", exchange)
    status, listed = send(clinics, token=given["access_token"])
    assert (status, [row["name"] for row in listed["results"]]) == (200, ["Harbour Clinic"])

    page.goto("/accounts/apps/")
    page.get_by_role("link", name="Disconnect Planner").click()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("No app acts for you.")).to_be_visible()
    assert send(clinics, token=given["access_token"])[0] == 401


def test_app_that_gives_its_token_back_is_out(
    browser_login: Callable[[Any], Page], live_server: LiveServer, app_server: Listener
) -> None:
    app = make_app(redirect_uris="http://127.0.0.1/back")
    back = f"http://127.0.0.1:{app_server.server_address[1]}/back"
    page = browser_login(make.make_user(SALES.name))
    page.goto(address_of(app, redirect_uri=back))
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("heading", name="Back in the app")).to_be_visible()
    [returned] = [path for path in app_server.asked if "code=" in path]
    exchange = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": dict(parse_qsl(urlsplit(returned).query))["code"],
        "redirect_uri": back,
        "code_verifier": VERIFIER,
    }
    _, given = send(f"{live_server.url}/oauth/token", exchange)
    token = given["access_token"]
    assert send(f"{live_server.url}/api/v1/clinics", token=token)[0] == 200

    sent = {"client_id": app.client_id, "token": token}
    assert send(f"{live_server.url}/oauth/revoke", sent)[0] == 200

    assert send(f"{live_server.url}/api/v1/clinics", token=token)[0] == 401
