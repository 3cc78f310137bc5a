"""The text of a SMART Health Link and its encrypted files."""

import base64
import datetime as dt

import orjson
import pytest
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from records.codecs import shlink

URL = "https://vaxpass.example.org/s/token"
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)


def read(text: str) -> bytes:
    assert text.startswith("shlink:/")
    return base64.urlsafe_b64decode(text.removeprefix("shlink:/") + "==")


def test_link_holds_what_a_viewer_needs_and_nothing_else() -> None:
    key = shlink.new_secret()

    text = shlink.text_of(URL, key, label="School", expires_at=NOON, has_passcode=True)

    assert orjson.loads(read(text)) == {
        "url": URL,
        "key": key,
        "exp": 1782907200,
        "flag": "LP",
        "label": "School",
        "v": 1,
    }
    assert b" " not in read(text)
    assert "=" not in text


def test_link_leaves_out_what_it_does_not_have() -> None:
    text = shlink.text_of(URL, "k", label="", expires_at=None, has_passcode=False)

    assert orjson.loads(read(text)) == {"url": URL, "key": "k", "flag": "L", "v": 1}


def test_label_may_be_of_any_language() -> None:
    text = shlink.text_of(URL, "k", label="Škola 学校", expires_at=None, has_passcode=False)

    assert orjson.loads(read(text))["label"] == "Škola 学校"


@pytest.mark.parametrize(
    "wrong", [{"url": "https://x.example/" + "y" * 111}, {"label": "x" * 81}], ids=str
)
def test_link_that_no_viewer_would_take_is_refused(wrong: dict[str, str]) -> None:
    given = {"url": URL, "label": "", **wrong}

    with pytest.raises(ValueError, match="too long"):
        shlink.text_of(given["url"], "k", label=given["label"], expires_at=None, has_passcode=False)


def test_secrets_have_256_bits_and_are_never_the_same() -> None:
    made = {shlink.new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(secret) for secret in made} == {43}


def test_file_opens_with_the_key_of_its_link_only() -> None:
    key = shlink.new_secret()
    content = shlink.encrypt(b"a card", key, shlink.CARD_FILE)

    def opened(with_key: str) -> bytes | None:
        held = OctKey.import_key({"kty": "oct", "k": with_key})
        return jwe.decrypt_compact(content, held, algorithms=["dir", "A256GCM"]).plaintext

    assert opened(key) == b"a card"
    with pytest.raises(JoseError):
        opened(shlink.new_secret())


def test_file_is_encrypted_anew_each_time() -> None:
    key = shlink.new_secret()

    assert shlink.encrypt(b"a card", key, "x") != shlink.encrypt(b"a card", key, "x")
