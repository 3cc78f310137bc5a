"""Requests to a shared record that are out of order, and who says to have sent them."""

import orjson
import pytest
from django.test import Client

from records.models import ShareLink, ShareView
from tests.records.sharing import Sharer, ask, sharer, signs, token_of, typed

__all__ = ["sharer", "signs"]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'"x"',
        b"{}",
        b'{"recipient": ""}',
        b'{"recipient": "  "}',
        b'{"recipient": 5}',
        b'{"recipient": "x", "passcode": 123456}',
        b'{"recipient": "x", "embeddedLengthMax": "9"}',
        b'{"recipient": "x", "embeddedLengthMax": true}',
        b'{"recipient": "\\ud800"}',
        b"\xff",
    ],
)
def test_request_that_is_no_manifest_request_opens_nothing(sharer: Sharer, body: bytes) -> None:
    _, text = sharer.share()

    answer = Client().post(f"/s/{token_of(text)}", body, content_type="application/json")

    assert answer.status_code == 400
    assert ShareLink.objects.get().views == 0


def test_request_that_is_too_long_or_of_another_type_is_refused(sharer: Sharer) -> None:
    _, text = sharer.share()
    path = f"/s/{token_of(text)}"

    long = orjson.dumps({"recipient": "x" * 9000})
    assert Client().post(path, long, content_type="application/json").status_code == 413
    assert typed(token_of(text), recipient="x" * 9000).status_code == 413
    assert Client().post(path, b"<x/>", content_type="text/xml").status_code == 415
    assert Client().put(path).status_code == 405
    assert ShareLink.objects.get().views == 0


@pytest.mark.parametrize(
    ("recipient", "kept"),
    [
        ("Dr\x00Who\r\n\u2028at  work", "Dr Who at work"),
        ("\u202egpj.ohW\u2069\ufeff", "gpj.ohW"),
        ("Zoe\u0308 \U0001f600", "Zo\u00eb \U0001f600"),
    ],
)
def test_recipient_is_kept_as_one_line_that_reads_as_it_stands(
    sharer: Sharer, recipient: str, kept: str
) -> None:
    _, text = sharer.share()

    ask(token_of(text), recipient=recipient)

    assert ShareView.objects.get().recipient == kept


def test_recipient_whom_nobody_could_see_opens_nothing(sharer: Sharer) -> None:
    _, text = sharer.share()
    unseen = "\u200b\u202e\x00"

    answer = ask(token_of(text), recipient=unseen)
    page = typed(token_of(text), recipient=unseen.rstrip("\x00")).content.decode()

    assert answer.status_code == 400
    assert "This field is required" in page
    assert ShareLink.objects.get().views == 0


def test_recipient_is_kept_within_bounds(sharer: Sharer) -> None:
    _, text = sharer.share()

    ask(token_of(text), recipient="  " + "ä" * 300)

    assert ShareView.objects.get().recipient == "ä" * 200


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "x"])
def test_request_of_a_length_that_cannot_be_is_refused(sharer: Sharer, length: str) -> None:
    _, text = sharer.share()

    answer = Client().generic("POST", f"/s/{token_of(text)}", b"{}", CONTENT_LENGTH=length)

    assert answer.status_code == 413
