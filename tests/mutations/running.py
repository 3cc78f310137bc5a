"""One process's share of the mutants."""

from __future__ import annotations

import random
import resource
from collections import Counter

from tests.mutations.hcert import Certificates
from tests.mutations.judging import Verdict
from tests.mutations.shc import Cards

SHOWN = 300  # characters of a wrong one

Tally = Counter[tuple[str, Verdict]]


def run(seed: int, count: int) -> tuple[Tally, list[str], int]:
    """Return verdicts by mutation, some wrong texts, and the highest memory in kilobytes."""
    rng = random.Random(seed)
    worlds = (Cards(rng), Certificates(rng))
    ways = [(world, way) for world in worlds for way in world.mutations()]
    tally: Tally = Counter()
    wrong: list[str] = []
    for number in range(count):
        world, way = ways[number % len(ways)]
        text = way(rng, rng.choice(world.cards))  # type: ignore[arg-type]
        verdict = world.judge.judge(text)
        name = f"{type(world).__name__.lower()}: {way.__name__}"
        tally[name, verdict] += 1
        if verdict in (Verdict.FORGED, Verdict.CRASHED) and len(wrong) < 10:
            wrong.append(f"{verdict} {name} {text[:SHOWN]!r}")
    return tally, wrong, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
