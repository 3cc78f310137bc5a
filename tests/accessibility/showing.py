"""Shows a page of the matrix's world in Chromium, without a server.

The world lives in a transaction of the test. So the browser's requests are answered here: a page by
the test client of who asks, a file by the finders of static files.
"""

from __future__ import annotations

import mimetypes
from contextvars import Context, copy_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, Route
from playwright.sync_api import Page as Tab

from tests.conftest import watch
from tests.matrix.views import View
from tests.matrix.walk import taken_back
from tests.matrix.world import World

HOST = "http://testserver"


def asked(world: World, view: View) -> dict[str, Any]:
    """Return the answer to the view's actor: status, headers and body."""
    client = world.clients[view.cell.actor]
    return _page(client, view.cell.method.lower(), view.path(world))


class Showing:
    """One tab for all pages of the world, answered for each as its actor is.

    ``faults`` fills with what a page does against its policy, or asks for in vain.
    """

    def __init__(self, browser: Browser, world: World) -> None:
        self.world = world
        self.context = browser.new_context(
            base_url=HOST, locale="en-GB", reduced_motion="reduce", color_scheme="light"
        )
        self.faults = watch(self.context)
        self.tab = self.context.new_page()
        self.view: View | None = None
        self.address = ""
        self.found: dict[str, Any] = {}
        here = copy_context()  # Playwright calls from another one, without database connection
        self.context.route("**/*", lambda route: self._answer(route, here))

    def show(self, view: View, found: dict[str, Any]) -> Tab:
        """Open a view, whose answer was ``found``."""
        # Said here: some addresses are read from the world, which the answering context lacks.
        self.view, self.address, self.found = view, view.path(self.world), found
        self.faults.clear()
        self.tab.goto(self.address)
        return self.tab

    def _answer(self, route: Route, here: Context) -> None:
        parts = urlsplit(route.request.url)
        if parts.path.startswith(settings.STATIC_URL):
            return _file(route, parts.path.removeprefix(settings.STATIC_URL))
        assert self.view is not None
        wanted = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if wanted == self.address:
            return route.fulfill(**self.found)
        client = self.world.clients[self.view.cell.actor]
        return route.fulfill(**here.run(_page, client, "get", wanted))


def _page(client: Client, method: str, asked: str) -> dict[str, Any]:
    with taken_back():
        response: Any = getattr(client, method)(asked)
        body = b"".join(response.streaming_content) if response.streaming else response.content
    return {"status": response.status_code, "headers": dict(response.items()), "body": body}


def _file(route: Route, name: str) -> None:
    found = finders.find(name)
    if not isinstance(found, str):
        return route.fulfill(status=404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return route.fulfill(body=Path(found).read_bytes(), content_type=kind)
