"""QR codes (ISO/IEC 18004): drawn for cards and certificates, read from uploaded pictures.

zxing-cpp draws and reads them, pillow opens and writes pictures. What can be printed at 40 mm and
scanned is at most version 22, the bound of SMART Health Cards; each code gets the strongest error
correction that stays within it.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from records.codecs.credentials import Malformed

LARGEST_VERSION = 22
QUIET = 4
"""Light modules around a code."""
LIGHT = 255

# Bytes of data in version 22 by level of error correction (ISO/IEC 18004, table 7). Certificates
# ask for Q; more would only make their modules smaller.
CAPACITY: Final = {"H": 442, "Q": 568, "M": 782, "L": 1006}
LEVELS: Final = {"HC1:": "QML"}
MODE_BITS, NUMERIC_COUNT_BITS, ALPHANUMERIC_COUNT_BITS, BYTE_COUNT_BITS = 4, 12, 11, 16
"""In front of each segment, in versions 10 to 26."""

DARK = re.compile(rb"\x00+")
CARD = re.compile(r"(shc:/)([0-9]+)", re.ASCII)
ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+./:-]+", re.ASCII)

QR_ONLY = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PICTURE_BYTES = 10_000_000
MOST_PIXELS = 40_000_000
SMALLER = (2000, 1000)
"""Longer sides, in pixels, at which a picture is looked at again when nothing was found."""

SMOOTHED = (1, 2)
"""Radii, in pixels, by which noise is smoothed out, when still nothing was found."""


class TooLong(ValueError):
    """A text does not fit a code that can be scanned."""


def svg(text: str) -> str:
    """Return the QR code of an ASCII text as SVG of one unit a module, one path on white.

    Raises ``TooLong``.
    """
    modules, side = _modules(text)
    size = side + 2 * QUIET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        ' shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{_path(modules, side)}"/></svg>'
    )


def png(text: str, scale: int = 4) -> bytes:
    """Return the QR code of an ASCII text as PNG in black and white, ``scale`` pixels a module.

    Raises ``TooLong``.
    """
    modules, side = _modules(text)
    code = ImageOps.expand(Image.frombytes("L", (side, side), modules), QUIET, LIGHT)
    width = scale * code.width
    picture = code.resize((width, width), Image.Resampling.NEAREST).convert("1")
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def read(picture: bytes) -> list[str]:
    """Return the texts of the QR codes in a PNG, JPEG, WebP or GIF, each once; may be none.

    Raises ``Malformed`` for what is no such picture, or too large.
    """
    for view in _views(_opened(picture)):
        found = zxingcpp.read_barcodes(view, formats=QR_ONLY, text_mode=zxingcpp.TextMode.Plain)
        if found:
            return list(dict.fromkeys(code.text for code in found))
    return []


def _modules(text: str) -> tuple[bytes, int]:
    """Return the modules of a code row by row, 0 for dark and ``LIGHT``, and its side."""
    needed = _bits(text)
    levels = LEVELS.get(text[:4], "HQML")
    level = next((level for level in levels if needed <= 8 * CAPACITY[level]), None)
    if level is None:
        raise TooLong("does not fit one QR code that can be scanned")
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    image: Any = code.to_image(scale=1, add_quiet_zones=False)  # a buffer, which its types omit
    return bytes(image), image.shape[0]


def _bits(text: str) -> int:
    """Return the bits of a text in the segments that suit it: digits, alphanumeric or bytes."""
    if card := CARD.fullmatch(text):
        prefix = MODE_BITS + BYTE_COUNT_BITS + 8 * len(card[1])
        return prefix + MODE_BITS + NUMERIC_COUNT_BITS - (-10 * len(card[2]) // 3)
    if ALPHANUMERIC.fullmatch(text):
        return MODE_BITS + ALPHANUMERIC_COUNT_BITS - (-11 * len(text) // 2)
    return MODE_BITS + BYTE_COUNT_BITS + 8 * len(text.encode("ascii"))


def _path(modules: bytes, side: int) -> str:
    """Return the dark modules as an SVG path: a bar for each run within a row."""
    bars = []
    for row in range(side):
        line = modules[row * side : (row + 1) * side]
        for run in DARK.finditer(line):
            start, end = run.span()
            bars.append(f"M{start + QUIET} {row + QUIET}h{end - start}v1H{start + QUIET}z")
    return "".join(bars)


def _opened(picture: bytes) -> Image.Image:
    """Return a picture in shades of grey, upright."""
    if len(picture) > MOST_PICTURE_BYTES:
        raise Malformed("picture: too many bytes")
    try:
        opened = Image.open(io.BytesIO(picture), formats=FORMATS)
        # Only the head has been read so far.
        if opened.width * opened.height > MOST_PIXELS:
            raise Malformed("picture: too many pixels")
        grey = opened.convert("L")
        if opened.has_transparency_data:
            # What is transparent is paper.
            paper = Image.new("L", grey.size, LIGHT)
            coloured = opened if "A" in opened.getbands() else opened.convert("RGBA")
            paper.paste(grey, mask=coloured.getchannel("A"))
            paper.info = grey.info
            grey = paper
        ImageOps.exif_transpose(grey, in_place=True)
    except Malformed:
        raise
    except Exception as error:
        # Decoders raise whatever their format makes them.
        raise Malformed("picture: not a PNG, JPEG, WebP or GIF that can be opened") from error
    return grey


def _views(picture: Image.Image) -> Iterator[Image.Image]:
    """Yield a picture as it is, smaller, and made clearer: pale, grainy and small ones need it."""
    yield picture
    for longest in SMALLER:
        if max(picture.size) > longest:
            yield _within(picture, longest)
    clear = ImageOps.autocontrast(_within(picture, SMALLER[0]), cutoff=1)
    yield clear
    if max(clear.size) <= SMALLER[-1]:
        doubled = clear.resize((2 * clear.width, 2 * clear.height), Image.Resampling.BICUBIC)
        yield doubled
        yield doubled.filter(ImageFilter.GaussianBlur(SMOOTHED[-1]))
    for radius in SMOOTHED:
        yield clear.filter(ImageFilter.GaussianBlur(radius))


def _within(picture: Image.Image, longest: int) -> Image.Image:
    """Return a picture whose sides have at most ``longest`` pixels."""
    return picture.reduce(math.ceil(max(picture.size) / longest))
