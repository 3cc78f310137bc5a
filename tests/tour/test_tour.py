"""The table of pictures is complete, the document shows them all, and the camera works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Page

from tests.matrix.expect import Api
from tests.matrix.table import PAGES
from tests.tour import camera, writing
from tests.tour.acts import ACTS
from tests.tour.pages import FILES, LEFT_OUT, SECTIONS

STOPS = [stop for section in SECTIONS for stop in section.stops]


def readable() -> set[str]:
    """Return every page of the matrix that somebody is shown."""
    return {
        name
        for name, page in PAGES.items()
        if not isinstance(page, Api)
        and ((page.get and page.get[0] and page.get[1] == 200) or page.public == 200)
    }


def test_every_page_is_taken_or_there_is_a_reason() -> None:
    taken = {stop.name for stop in STOPS}
    outside = {name for name in readable() if not name.startswith("admin:")}

    assert outside - taken - FILES == set(LEFT_OUT)
    assert taken - readable() == {"error", "shared:link"}  # which are no answers of 200 there


def test_admin_is_taken_with_a_page_of_each_kind() -> None:
    kinds = {stop.name.rsplit("_", 1)[-1] for stop in STOPS if stop.name.startswith("admin:")}

    assert kinds >= {"admin:index", "changelist", "add", "change", "history", "delete", "merge"}


def test_pictures_have_names_of_their_own() -> None:
    files = [stop.file for stop in STOPS]
    assert len(files) == len(set(files))
    assert set(ACTS) <= {(stop.name, stop.variant) for stop in STOPS}


def test_document_shows_every_picture_and_no_other() -> None:
    named = re.findall(r'src="images/tour/([^"]+)"', writing.DOCUMENT.read_text())
    expected = [name for stop in STOPS for name in camera.names(stop.file)]

    assert named == expected
    assert {path.name for path in writing.FOLDER.iterdir()} == set(expected)
    assert writing.megabytes() < 12


def test_document_has_a_title_for_every_page() -> None:
    titles = {stop: f"Title {number}" for number, stop in enumerate(STOPS)}
    text = writing.text(titles)
    assert all(f"**{title}**" in text for title in titles.values())
    assert all(f"## {section.title}\n" in text for section in SECTIONS)


@pytest.mark.e2e
@pytest.mark.sqlite  # a picture is the same on every engine
@pytest.mark.django_db(transaction=True)
def test_page_is_taken_in_two_sizes_and_two_schemes(browser_page: Page, tmp_path: Path) -> None:
    browser_page.goto("/")

    new = camera.take(browser_page, "home", tmp_path)

    assert new == camera.names("home")
    looks = {}
    for name in new:
        with Image.open(tmp_path / name) as picture:
            looks[name] = (picture.width, sum(ImageStat.Stat(picture).mean) / 3)
    assert {width for width, _ in looks.values()} == {390, 1280}
    for size in camera.SIZES:
        light, dark = (looks[f"home-{size}-{scheme}.webp"][1] for scheme in camera.SCHEMES)
        assert light > 150 > 90 > dark
    assert camera.take(browser_page, "home", tmp_path) == []  # nothing has changed
