"""Takes the pictures of one page: phone and desktop, light and dark."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page, ViewportSize

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {
    "phone": ViewportSize(width=390, height=844),
    "desktop": ViewportSize(width=1280, height=800),
}
TALLEST = {"phone": 1300, "desktop": 1000}  # what is further below is cut off
QUALITY = 45
ALIKE = 0.6  # mean difference of a pixel, of 255: another time of day is no other picture


def names(file: str) -> list[str]:
    """Return the names of a page's pictures."""
    return [f"{file}-{size}-{scheme}.webp" for size in SIZES for scheme in SCHEMES]


def take(page: Page, file: str, folder: Path) -> list[str]:
    """Save the open page in every size and scheme; return the names of pictures that are new."""
    new = []
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate("scrollTo(0, 0)")  # else the header stands in the middle
            shot = page.screenshot(full_page=True, animations="disabled", caret="hide")
            with Image.open(BytesIO(shot)) as found:
                height = min(found.height, TALLEST[size])
                picture = found.convert("RGB").crop((0, 0, found.width, height))
            path = folder / f"{file}-{size}-{scheme}.webp"
            if not is_alike(picture, path):
                written = path.with_suffix(".part")  # a run may be killed half-way
                picture.save(written, "webp", quality=QUALITY, method=4)
                written.replace(path)
                new.append(path.name)
    return new


def is_alike(picture: Image.Image, path: Path) -> bool:
    """Tell whether a file shows the same already, up to what differs at every run."""
    if not path.exists():
        return False
    packed = BytesIO()
    picture.save(packed, "webp", quality=QUALITY, method=4)
    with Image.open(path) as before, Image.open(packed) as now:
        if before.size != now.size:
            return False
        difference = ImageChops.difference(before.convert("RGB"), now.convert("RGB"))
    return sum(ImageStat.Stat(difference).mean) / 3 < ALIKE
