"""The ways in which a card is handed over."""

import contextlib
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs import shc
from records.codecs.credentials import Malformed
from records.codecs.shc.texts import MOST_FILE_BYTES
from tests.records.codecs.shc.values import KEY, payload, sealed

CARD = shc.write(payload(), KEY)
DIGITS = shc.numeric(CARD).removeprefix("shc:/")


def chunks(*cuts):
    edges = [0, *cuts, len(DIGITS)]
    total = len(edges) - 1
    return [
        f"shc:/{n}/{total}/{DIGITS[start:end]}"
        for n, (start, end) in enumerate(pairwise(edges), start=1)
    ]


def test_digits_are_two_for_each_character():
    assert shc.numeric("-z.A") == "shc:/00770120"


@given(st.text("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz", min_size=1))
def test_digits_follow_the_specification(jws):
    assert shc.numeric(jws) == "shc:/" + "".join(f"{ord(c) - 45:02}" for c in jws)


@pytest.mark.parametrize("around", ["{}", " {}", "{}\n", "\r\n\t{} \n\n", "\u00a0{}"])
def test_blanks_around_a_card_do_not_matter(around):
    expected = shc.read(CARD)

    assert shc.read(around.format(CARD)) == expected
    assert shc.read(around.format(shc.numeric(CARD))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "shc:/",
        "shc:/" + DIGITS[:-1],
        "shc:/" + DIGITS[:-2] + "78",
        "shc:/" + DIGITS[:-2] + "99",
        "shc:/" + DIGITS[:-2] + "1f",
        "shc:/" + DIGITS[:-2] + "ab",
        "shc:/" + DIGITS[:-2] + "AB",
        "shc:/" + DIGITS[:-2] + "-1",
        "shc:/" + DIGITS[:-2] + "\u0660\u0661",
        "shc:/" + DIGITS[:-2] + "²3",
        "shc:/" + DIGITS[:40] + " " + DIGITS[40:],
        "shc:/" + DIGITS[:40] + "\n" + DIGITS[40:],
        "shc:/" + DIGITS[:40] + "  " + DIGITS[40:],
        "SHC:/" + DIGITS,
        "shc:" + DIGITS,
        "shc://" + DIGITS,
        "shc:/" + DIGITS + "/",
        DIGITS,
        f"{shc.numeric(CARD)} {shc.numeric(CARD)}",
    ],
)
def test_digits_of_no_card_are_refused(text):
    with pytest.raises(Malformed):
        shc.read(text)


@pytest.mark.parametrize("cuts", [(), (600,), (601,), (400, 800), (300, 301, 302)])
@pytest.mark.parametrize("turn", [list, lambda parts: parts[::-1]])
def test_all_chunks_together_are_read_in_any_order(cuts, turn):
    assert shc.read("\n".join(turn(chunks(*cuts)))) == shc.read(CARD)


@pytest.mark.parametrize(
    "texts",
    [
        chunks(600)[:1],
        chunks(600)[1:],
        chunks(400, 800)[:2],
        [chunks(600)[0], chunks(600)[0]],
        [chunks(600)[0], chunks(400, 800)[1]],
        [*chunks(600), shc.numeric(CARD)],
        [chunks(600)[0], f"shc:/3/2/{DIGITS[600:]}"],
        [f"shc:/0/1/{DIGITS}"],
        [f"shc:/1/0/{DIGITS}"],
        [f"shc:/01/1/{DIGITS}"],
        [f"shc:/1/1/1/{DIGITS}"],
        [f"shc:/1/{DIGITS}"],
        ["shc:/1/1/"],
        [f"shc:/-1/1/{DIGITS}"],
        [f"shc:/1/1000/{DIGITS}"],
    ],
)
def test_chunks_that_make_no_whole_are_refused(texts):
    with pytest.raises(Malformed, match=r"codes|chunks"):
        shc.read(" ".join(texts))


def test_one_chunk_alone_says_that_the_others_are_needed():
    with pytest.raises(Malformed, match="one of several codes, a deprecated form"):
        shc.read(chunks(600)[0])


def test_file_holds_its_cards():
    assert json.loads(shc.file([CARD])) == {"verifiableCredential": [CARD]}
    assert shc.read_file(shc.file([CARD, sealed()]))[0] == CARD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        CARD.encode(),
        b'{"verifiableCredential": []}',
        b'{"verifiableCredential": null}',
        b'{"verifiableCredential": "a.b.c"}',
        b'{"verifiableCredential": [1]}',
        b'{"verifiableCredential": [["a.b.c"]]}',
        b'{"verifiableCredential": ["a"], "verifiableCredential": ["b"]}',
        json.dumps({"verifiableCredential": ["a.b.c"] * 101}).encode(),
        b" " * MOST_FILE_BYTES + shc.file([CARD]),
    ],
)
def test_file_that_holds_no_cards_is_refused(data):
    with pytest.raises(Malformed, match="file"):
        shc.read_file(data)


@given(st.binary(max_size=300))
def test_file_of_any_bytes_raises_nothing_else(data):
    with contextlib.suppress(Malformed):
        shc.read_file(data)


@given(st.text(max_size=300) | st.text("0123456789/ ").map("shc:/".__add__) | st.text("aA._-"))
def test_any_text_raises_nothing_else(text):
    with pytest.raises(Malformed):
        shc.read(text)
