"""The text of a QR code: prefix, base45, zlib."""

import zlib

import cbor2
import pytest

from records.codecs import hcert
from records.codecs.credentials import Malformed, signed_by
from records.codecs.hcert import transport
from tests.records.codecs.hcert import codes


def malformed(text: str) -> str:
    """Return why a text is refused."""
    with pytest.raises(Malformed) as caught:
        hcert.read(text)
    return str(caught.value)


def message() -> bytes:
    return cbor2.dumps(codes.tagged(codes.message()))


@pytest.mark.parametrize(
    "around", ["{}", "  {}", "{}\n", "\ufeff{}".removeprefix("\ufeff"), "\t{} \r\n"]
)
def test_read_with_blanks_around(around):
    code = hcert.read(around.format(codes.code()))
    assert signed_by(code, codes.private_key().public_key())


@pytest.mark.parametrize("prefix", ["", "HC1", "HC2:", "hc1:", "HC1: HC1:", "shc:/"])
def test_another_prefix(prefix):
    text = prefix + codes.code().removeprefix("HC1:")
    assert "HC1:" in malformed(text) or "base45" in malformed(text)


@pytest.mark.parametrize("nothing", ["", " ", "HC1:", "HC1: ", "\x00"])
def test_nothing(nothing):
    assert malformed(nothing)


@pytest.mark.parametrize("letter", ["a", "ü", "=", "\n", "\x00", "٣", "\ud800"])
def test_a_letter_outside_the_alphabet(letter):
    text = codes.code()
    assert "base45" in malformed(text[:40] + letter + text[41:])


@pytest.mark.parametrize(
    "group",
    [
        ":::",  # 91124, more than two bytes hold
        "GGW",  # 65536, the first one too many
        "U5",  # 255 is the most that two letters may stand for; here 255
        "V5",  # 256
        "::",  # 2024
        "0",  # one letter alone stands for nothing
    ],
)
def test_groups_that_stand_for_too_much_or_nothing(group):
    assert malformed(f"HC1:{group}")


def test_a_blank_at_the_end_is_never_part_of_the_message():
    for first in transport.base45.BASE45_CHARSET:
        for group in (f"{first} ", f"0{first} "):
            with pytest.raises(ValueError, match="base45"):
                transport.base45.b45decode(group)


def test_a_text_longer_than_a_qr_code_holds():
    text = codes.code(codes.dcc(extra="0123456789ABCDEF" * 1000))
    assert hcert.read(text)
    noise = zlib.compress(message() + bytes(range(256)) * 30, 0)
    assert "longer" in malformed(codes.packed_text(noise))


def test_a_message_that_is_not_compressed():
    assert "zlib" in malformed(codes.packed_text(message()))


@pytest.mark.parametrize("bits", [-15, 31], ids=["raw", "gzip"])
def test_another_compression(bits):
    packing = zlib.compressobj(9, zlib.DEFLATED, bits)
    assert "zlib" in malformed(codes.packed_text(packing.compress(message()) + packing.flush()))


def test_a_preset_dictionary():
    packing = zlib.compressobj(9, zdict=b"vaccination")
    assert "zlib" in malformed(codes.packed_text(packing.compress(message()) + packing.flush()))


@pytest.mark.parametrize("level", range(10))
def test_every_level_of_compression(level):
    assert hcert.read(codes.packed_text(zlib.compress(message(), level)))


def test_a_message_cut_off():
    packed = zlib.compress(message())
    for missing in (1, 4, 5, 50):
        assert "cut off" in malformed(codes.packed_text(packed[:-missing]))


def test_a_wrong_checksum():
    packed = bytearray(zlib.compress(message()))
    packed[-1] ^= 1
    assert "damaged" in malformed(codes.packed_text(bytes(packed)))


def test_something_after_the_message():
    assert "follows" in malformed(codes.packed_text(zlib.compress(message()) + b"\x00"))
    assert "follows" in malformed(codes.text(message() + b"\x00"))


def test_a_message_that_inflates_without_bound():
    bomb = zlib.compress(bytes(2_000_000), 9)
    assert len(codes.packed_text(bomb)) < transport.LONGEST_TEXT
    assert "too long" in malformed(codes.packed_text(bomb))


def test_the_bound_itself():
    room = transport.LONGEST_MESSAGE
    exact = codes.packed_text(zlib.compress(bytes(room)))
    assert "too long" not in malformed(exact)
    assert "too long" in malformed(codes.packed_text(zlib.compress(bytes(room + 1))))
