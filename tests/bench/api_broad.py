"""Questions that look at many rows, or would: each is answered or refused within a bound."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

Environ = dict[str, Any]
QUESTIONS = (
    "doses?ordering=-administered_on",
    "doses?status=not-done&administered_from=1900-01-01",
    "doses?status=not-done&administered_from=1900-01-01&ordering=-administered_on",
    "doses?as_of={now}",
    "doses?as_of={before}",
    "doses?as_of={now}&ordering=-administered_on",
    "patients?as_of={now}",
    "patients?as_of={before}",
    "patients?as_of={now}&last_name=no",
)


def ask_broadly(
    answer: Callable[[Environ], tuple[str, bytes]], make: Callable[[str], Environ]
) -> tuple[list[str], list[str]]:
    """Return a table of how long each question took, and which did not end in time.

    ``answer`` returns status and body; the time is the one on the clock, of a second try.
    """
    from records.api.bounds import MOST_SECONDS
    from records.models import Dose

    loaded = Dose.history.order_by("history_id").values_list("history_date", flat=True)[0]
    moments = {
        "now": f"{loaded + dt.timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}",
        "before": f"{loaded - dt.timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
    }
    lines = ["| question | seconds | answer |", "|---|---:|---|"]
    missed = []
    for question in QUESTIONS:
        path = "/api/v1/" + question.format(**moments)
        answer(make(path))
        start = time.perf_counter()
        status, _ = answer(make(path))
        seconds = time.perf_counter() - start
        if seconds > MOST_SECONDS + 1 or status[:3] not in ("200", "422"):
            missed.append(f"{_shown(question)} {seconds:.1f} seconds, {status}")
        lines.append(f"| `{_shown(question)}` | {seconds:.2f} | {status[:3]} |")
        print(lines[-1], flush=True)  # noqa: T201
    return lines, missed


def _shown(question: str) -> str:
    return question.format(now="after loading", before="before loading")
