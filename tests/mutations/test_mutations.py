import random
from typing import Any

import pytest

from tests.mutations.hcert import Certificates
from tests.mutations.judging import Verdict
from tests.mutations.shc import Cards

EACH = 40
RNG = random.Random(20211215)
WORLDS: list[Any] = [Cards(RNG), Certificates(RNG)]
WAYS = [
    pytest.param(world, way, id=f"{type(world).__name__.lower()}-{way.__name__}")
    for world in WORLDS
    for way in world.mutations()
]


@pytest.mark.parametrize(("world", "way"), WAYS)
def test_mutant_of_a_valid_code_is_never_taken_for_what_was_signed(world, way):
    rng = random.Random(way.__name__)

    verdicts = {world.judge.judge(way(rng, rng.choice(world.cards))) for _ in range(EACH)}

    assert verdicts <= {Verdict.REFUSED, Verdict.KEPT}


@pytest.mark.parametrize("world", WORLDS)
def test_second_signature_of_a_code_is_valid_too(world):
    rng = random.Random(1)

    assert {world.judge.judge(world.second_signature(rng, card)) for card in world.cards} == {
        Verdict.KEPT
    }
