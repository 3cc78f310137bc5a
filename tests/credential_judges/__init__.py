"""Whether a signed code is one, by libraries that know nothing of VaxPass.

`judge.js` answers for kill-the-clipboard (SMART Health Cards) and dcc-utils (EU certificates).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.judges import Judge, start


@pytest.fixture(scope="session")
def credential_judge() -> Iterator[Judge]:
    """Start the judge once; it is asked `{"to": …}` and what that needs, see judge.js."""
    with start(Path(__file__).parent / "judge.js") as judge:
        yield judge
