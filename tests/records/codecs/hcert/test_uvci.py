"""Identifiers of certificates and their check character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs.hcert import uvci
from records.codecs.hcert.uvci import ALPHABET, check_character

OPAQUE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/", min_size=1, max_size=60)


def test_the_example_of_the_guidelines():
    assert uvci("NL", "187/37512422923") == "URN:UVCI:01:NL:187/37512422923#Z"


@given(OPAQUE, st.integers(0), st.sampled_from(ALPHABET))
def test_one_changed_character_changes_the_check_character(opaque, place, other):
    body, _, check = uvci("NL", opaque).partition("#")
    place %= len(body)
    changed = body[:place] + other + body[place + 1 :]
    assert (check_character(changed) == check) == (changed == body)


@pytest.mark.parametrize(
    ("country", "opaque"),
    [
        ("nl", "A"),
        ("N", "A"),
        ("NLD", "A"),
        ("", "A"),
        ("NL", ""),
        ("NL", "a"),
        ("NL", "A#B"),
        ("NL", "A:B"),
        ("NL", "A B"),
        ("NL", "A\n"),
        ("NL", "Ä"),
    ],
)
def test_parts_that_make_no_identifier(country, opaque):
    with pytest.raises(ValueError, match="UVCI"):
        uvci(country, opaque)


def test_identifiers_of_80_characters_at_most():
    assert len(uvci("NL", "A" * 63)) == 80
    with pytest.raises(ValueError, match="80"):
        uvci("NL", "A" * 64)
