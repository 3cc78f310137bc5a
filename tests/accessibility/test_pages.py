"""No page has a fault that axe-core finds: on a phone and a desk, light and dark, folds opened.

Each row of tests/matrix/table.py that somebody sees is one test here, so a new page needs no row of
its own; one that the table never shows needs a word in ``UNSHOWN``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import pytest
from django.conf import settings
from playwright.sync_api import Browser, ViewportSize
from playwright.sync_api import Page as Tab

from tests.accessibility.showing import Showing, asked
from tests.judges import missing
from tests.matrix.expect import Api
from tests.matrix.table import PAGES
from tests.matrix.views import View, views
from tests.matrix.world import World

# No engine of a database shows a page otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db, pytest.mark.sqlite]

ENGINE = settings.VAR_DIR / "accessibility" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = (ViewportSize(width=360, height=740), ViewportSize(width=1440, height=900))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# All rules, and the size of what is touched, which the engine leaves out by itself.
RULES = {"rules": {"target-size": {"enabled": True}}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# What differs between two answers that are the same: the tokens of forms, ids, and times.
PASSING = re.compile(rb'(?<=value=")[\w-]{36,64}(?=")|\d\d:\d\d(:\d\d(\.\d+)?)?')
# Shown to the owner of a passkey; the one in the world is somebody else's.
UNSHOWN = {"mfa_edit_webauthn", "mfa_remove_webauthn"}


@cache
def engine() -> str:
    """Return axe-core's source; skip without it."""
    if not ENGINE.exists():
        missing("no axe-core; scripts/judges installs it")
    return ENGINE.read_text()


def violations(page: Tab, options: dict[str, Any]) -> list[str]:
    """Return what the engine finds wrong: the rule, and where."""
    wanted = json.dumps({**options, "resultTypes": ["violations"]})
    # All that passed would be ten times as much to bring over.
    found = page.evaluate(f"axe.run(document, {wanted}).then((result) => result.violations)")
    return [
        f"{fault['id']} ({fault['help']}): {node['html'][:200]} {node['failureSummary'][-200:]}"
        for fault in found
        for node in fault["nodes"]
    ]


@pytest.fixture(scope="module")
def showing(browser: Browser, world: World) -> Iterator[Showing]:
    """The tab in which all pages are looked at; it remembers which were."""
    shown = Showing(browser, world)
    yield shown
    shown.context.close()


@pytest.fixture(scope="module")
def looked_at() -> dict[bytes, View]:
    """Return the pages that were looked at, by what the browser got."""
    return {}


@pytest.mark.parametrize("view", views(), ids=str)
def test_page_has_no_fault_that_the_engine_finds(
    showing: Showing, looked_at: dict[bytes, View], view: View
) -> None:
    answer = asked(showing.world, view)
    assert answer["status"] == 200
    # Many a page of the admin takes a POST for a GET: the very same page has no other faults.
    if not answer["headers"]["Content-Type"].startswith("text/html") or (
        looked_at.setdefault(PASSING.sub(b"", answer["body"]), view) != view
    ):
        return
    page = showing.show(view, answer)
    faults = [*showing.faults]  # what the engine does to the page breaks the policy
    page.evaluate(engine())
    for size in SIZES:
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            options = RULES if scheme == "light" else COLOURS
            page.emulate_media(color_scheme=scheme)
            where = f"{scheme}, {size['width']} px"
            faults += [f"{where}: {fault}" for fault in violations(page, options)]
        page.evaluate("document.querySelectorAll('details').forEach((fold) => fold.open = true)")
    assert not faults, "\n".join(faults)


def test_every_page_of_the_table_is_shown() -> None:
    seen = {view.cell.name for view in views()}
    readable = {
        name
        for name, page in PAGES.items()
        if not isinstance(page, Api) and page.get and page.get[0] and page.get[1] == 200
    }

    assert readable - seen == UNSHOWN
