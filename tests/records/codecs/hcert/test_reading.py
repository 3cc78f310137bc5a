"""Whatever text is read, it is read, or refused as malformed, and nothing else happens."""

import zlib
from functools import cache

import base45
import cbor2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from records.codecs import hcert
from records.codecs.credentials import Malformed, signed_by
from tests.records.codecs.hcert import codes

ALPHABET = base45.BASE45_CHARSET

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats()
    | st.text(max_size=10)
    | st.binary(max_size=10)
    | st.just(cbor2.undefined)
)
KEYS = (1, 4, 5, 6, -260, "ver", "nam", "dob", "v", "t", "r", "fn", "fnt", "gnt", "dn", "ci", "co")
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.integers(-300, 300), inner, max_size=6)
        | st.builds(cbor2.CBORTag, st.sampled_from((0, 1, 18, 28, 35, 61, 256, 1004)), inner)
    ),
    max_leaves=20,
)


@cache
def genuine():
    return codes.code()


def read(text):
    """Return what was read, or nothing where it is malformed."""
    try:
        return hcert.read(text)
    except Malformed:
        return None


@given(st.text())
@example("HC1:")
@example("HC1:\ud800")
def test_any_text(text):
    assert read(text) is None


@given(st.text(ALPHABET, max_size=300))
def test_any_base45(text):
    assert read("HC1:" + text) is None


@given(st.binary(max_size=300))
def test_any_message(message):
    assert read(codes.text(message)) is None


@settings(max_examples=300)
@given(values)
def test_any_value_as_message(value):
    assert read(codes.text(cbor2.dumps(value))) is None


@given(values)
def test_any_value_as_claims(value):
    assert read(codes.text(codes.tagged(codes.message(body=cbor2.dumps(value))))) is None


@settings(max_examples=300)
@given(st.sampled_from(["ver", "nam", "dob", "v", "t", "r"]), values)
def test_any_value_as_member(member, value):
    read(codes.code(codes.dcc() | {member: value}))


@settings(max_examples=300)
@given(st.sampled_from([*codes.DOSE, *codes.NAMES]), values)
def test_any_value_within(member, value):
    content = codes.dcc()
    group = content["nam"] if member in codes.NAMES else content["v"][0]
    group[member] = value
    read(codes.code(content))


@settings(max_examples=500)
@given(st.data())
def test_changed_bytes_are_refused_or_state_the_same(data):
    text = genuine()
    original = hcert.read(text)
    message = bytearray(zlib.decompress(base45.b45decode(text[4:])))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] ^= data.draw(st.integers(1, 255))
    code = read(codes.text(bytes(message)))
    if code and signed_by(code, codes.private_key().public_key()):
        assert code.statement == original.statement


@settings(max_examples=300)
@given(st.data())
def test_changed_letters_are_refused_or_state_the_same(data):
    text = genuine()
    original = hcert.read(text)
    place = data.draw(st.integers(4, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from(ALPHABET)) + text[place + 1 :]
    code = read(changed)
    if code and signed_by(code, codes.private_key().public_key()):
        assert code.statement == original.statement
