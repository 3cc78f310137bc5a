"""Make many: see the package."""

from __future__ import annotations

import multiprocessing
import random
import sys
import time
from collections import Counter

from tests.mutations.judging import Verdict
from tests.mutations.running import Tally, run

COUNT = 1_000_000
MOST_MEMORY = 512 * 1024  # kilobytes, the whole process at its highest
PROCESSES = 2


def main(count: int) -> int:
    """Make so many mutants and return 0 if none was taken for what it is not."""
    began, seed = time.monotonic(), random.SystemRandom().randrange(2**32)
    shares = [(seed + part, count // PROCESSES) for part in range(PROCESSES)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        parts = pool.starmap(run, shares)
    tally: Tally = sum((part[0] for part in parts), Counter())
    memory = max(part[2] for part in parts)
    verdicts: Counter[Verdict] = Counter()
    for (name, verdict), times in sorted(tally.items()):
        verdicts[verdict] += times
        sys.stdout.write(f"{name:<40} {verdict:<8} {times:>9,}\n")
    for line in [line for part in parts for line in part[1]]:
        sys.stdout.write(f"{line}\n")
    found = ", ".join(f"{verdict} {times:,}" for verdict, times in sorted(verdicts.items()))
    sys.stdout.write(
        f"seed {seed}: {tally.total():,} mutants in {time.monotonic() - began:.0f} s: {found}; "
        f"at most {memory // 1024} MB\n"
    )
    wrong = verdicts[Verdict.FORGED] + verdicts[Verdict.CRASHED]
    return 1 if wrong or memory > MOST_MEMORY else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
