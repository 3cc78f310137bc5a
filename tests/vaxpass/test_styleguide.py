"""The style page shows all that there is, and only where VaxPass is developed."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from tests.vaxpass.test_settings import PRODUCTION, manage

STATIC = settings.BASE_DIR / "static" / "vaxpass"
FIND = """
from django.urls import Resolver404, resolve
try:
    print(resolve("/styleguide/").url_name)
except Resolver404:
    print("nothing")
"""


@pytest.mark.django_db
def test_page_has_every_component_that_the_docs_name(client: Client) -> None:
    page = client.get("/styleguide/").content.decode()
    parts = (
        (settings.BASE_DIR / "docs" / "design-language.md").read_text().split("## Components")[1]
    )
    shown = parts.split("## Sign-in pages")[0]
    named = set(re.findall(r'class="([\w -]+)"', shown))

    assert [name for name in sorted(named) if name.split()[0] not in page] == []


@pytest.mark.django_db
def test_page_has_every_colour(client: Client) -> None:
    tokens = (STATIC / "tokens.css").read_text()
    colours = set(re.findall(r"--vx-([\w-]+): #", tokens))
    page = client.get("/styleguide/").content.decode()
    sheet = (STATIC / "styleguide.css").read_text()

    for name in colours - {"on-primary", "on-bad", "on-ink", "on-ink-muted"}:  # seen as text
        assert f'class="token-{name}"' in page
        assert f"var(--vx-{name})" in sheet


@pytest.mark.parametrize(
    ("mode", "found"), [("development", "styleguide"), ("production", "nothing")]
)
def test_page_is_there_in_development_only(mode: str, found: str) -> None:
    environment = PRODUCTION if mode == "production" else {"VAXPASS_MODE": mode}

    assert manage(environment, "shell", "-v0", "-c", FIND).stdout.strip() == found
