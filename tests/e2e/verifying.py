"""The page /verify/ in a browser."""

from __future__ import annotations

import os

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

BUILT = settings.VAR_DIR / "frontend" / "verify" / "app.js"


def opened(page: Page) -> Page:
    """Open the page and wait until its script checks by itself."""
    if not BUILT.exists():
        message = "no script for /verify/; scripts/frontend builds it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    page.goto("/verify/")
    expect(page.locator("[data-verify]")).to_have_attribute("data-ready", "")
    return page
