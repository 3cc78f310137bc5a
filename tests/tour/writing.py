"""Writes ``docs/tour.md``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.tour.camera import SIZES, names
from tests.tour.pages import SECTIONS, Stop

DOCS = Path(__file__).resolve().parents[2] / "docs"
DOCUMENT = DOCS / "tour.md"
FOLDER = DOCS / "images" / "tour"
WIDTHS = {"phone": 130, "desktop": 300}
HEAD = """# What VaxPass looks like

Every page as its reader sees it, on a phone and on a desk, light and dark. `make tour` makes this
page and its pictures from demo data, with a server and a database of its own. A click on a
picture shows it in full size; long pages are cut off. Of the admin there is one of each kind of
page: those of other records look the same.
"""


def write(titles: Mapping[Stop, str]) -> None:
    """Write the document, and remove pictures of pages that are gone."""
    kept = {name for stop in titles for name in names(stop.file)}
    for path in FOLDER.glob("*.webp"):
        if path.name not in kept:
            path.unlink()
    DOCUMENT.write_text(text(titles))


def megabytes() -> float:
    """Return how much the pictures take."""
    return sum(path.stat().st_size for path in FOLDER.glob("*.webp")) / 1e6


def text(titles: Mapping[Stop, str]) -> str:
    """Return the document, with the titles that the pages had."""
    parts = [HEAD]
    for section in SECTIONS:
        parts.append(f"## {section.title}\n")
        for stop in section.stops:
            parts.append(f"**{titles[stop]}**\n\n{_pictures(stop, titles[stop])}\n")
    return "\n".join(parts)


def _pictures(stop: Stop, title: str) -> str:
    images = []
    for name in names(stop.file):
        size, scheme = name.removesuffix(".webp").split("-")[-2:]
        alt = f"{title}, {size}, {scheme}".replace('"', "”")
        assert size in SIZES
        images.append(f'<img src="images/tour/{name}" width="{WIDTHS[size]}" alt="{alt}">')
    return "\n".join(images)
