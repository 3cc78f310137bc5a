"""A page of an error says what to do next, also when nothing else works."""

from __future__ import annotations

import json
import logging
from unittest.mock import patch

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.db import OperationalError, connection
from django.test import Client, override_settings

from tests.records import factories as make
from tests.vaxpass.ops.failing import FAILURES, SECRET
from vaxpass.ops.logs import JsonFormatter

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.vaxpass.ops.failing"),
]


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("signed_in", [False, True], ids=["signed out", "signed in"])
def test_page_says_what_to_do_and_leads_back(visitor: Client, name: str, signed_in: bool) -> None:
    if signed_in:
        visitor.force_login(make.make_user("Sales"))

    answer = visitor.get(f"/fail/{name}")

    assert answer.status_code == FAILURES[name][1]
    assert f"Error {answer.status_code}" in answer.text
    assert 'href="/"' in answer.text
    assert 'href="/help/' in answer.text
    assert SECRET not in answer.text
    assert answer["X-Request-ID"]
    assert int(answer["Content-Length"]) == len(answer.content)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("language", ["es", "ar"])
@pytest.mark.parametrize("name", FAILURES)
def test_page_is_in_the_language_of_its_reader(visitor: Client, name: str, language: str) -> None:
    answer = visitor.get(f"/fail/{name}", headers={"accept-language": language})

    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in answer.text


@pytest.mark.parametrize("path", ["/", "/clinic/", "/fail/missing", "/nowhere"])
def test_page_comes_without_a_database(visitor: Client, path: str) -> None:
    visitor.force_login(make.make_user("Sales"))
    down = OperationalError(2006, f"gone while asking for {SECRET}")

    def refuse(*args: object) -> None:
        raise down

    with connection.execute_wrapper(refuse):
        answer = visitor.get(path)

    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "Error 503" in answer.text
    assert SECRET not in answer.text


def test_page_comes_without_sessions(visitor: Client) -> None:
    visitor.force_login(make.make_user("Sales"))
    with patch.object(SessionBase, "__getitem__", side_effect=RuntimeError(SECRET)):
        answer = visitor.get("/")

    assert (answer.status_code, "Error 500" in answer.text) == (500, True)


def test_number_on_the_page_stands_in_the_log(visitor: Client) -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonFormatter().format(record))

    handler = Kept()
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        answer = visitor.get("/fail/broken")
    finally:
        logger.removeHandler(handler)

    assert answer["X-Request-ID"] in answer.text
    assert answer["X-Request-ID"] in {json.loads(line).get("request") for line in lines}


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_form_that_is_too_large_is_refused_in_words() -> None:
    visitor = Client(raise_request_exception=False, enforce_csrf_checks=True)
    visitor.get("/accounts/login/")

    answer = visitor.post("/accounts/login/", {"login": "x" * 200})

    assert (answer.status_code, "Error 413" in answer.text) == (413, True)


def test_form_of_a_page_that_was_open_too_long_is_refused_in_words() -> None:
    visitor = Client(enforce_csrf_checks=True)

    answer = visitor.post("/verify/", {"code": "x"})

    assert answer.status_code == 403
    assert "copy it before you reload" in answer.text


def test_button_pressed_after_the_session_ended_leads_to_words(client: Client) -> None:
    user = make.make_user("Patient")
    sent = client.post("/accounts/tour/")
    assert "session has ended" in client.get(sent["Location"]).text
    client.force_login(user)

    answer = client.get("/accounts/tour/")

    assert answer.status_code == 405
    assert "nothing was saved" in answer.text
    assert answer["Allow"] == "POST"
