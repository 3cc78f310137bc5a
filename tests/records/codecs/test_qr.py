"""QR codes: drawn so that a scanner reads them, and read from pictures of all kinds."""

import io
import random
import re
import zlib
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from records.codecs import qr
from records.codecs.credentials import Malformed

CARD = "shc:/" + "5676290952432060" * 60
CERTIFICATE = "HC1:" + "6BFOXN%TS3DH.-/+*$ " * 25
LINK = "shlink:/" + "eyJ1cmwiOiJodHRwczovL2V4YW1wbGU" * 6


def opened(text=CARD, scale=4):
    return Image.open(io.BytesIO(qr.png(text, scale))).convert("L")


def as_file(picture, format="PNG", **options):
    written = io.BytesIO()
    picture.save(written, format, **options)
    return written.getvalue()


def version(text):
    """Return the version that was chosen: each has four modules more on each side."""
    return (opened(text, scale=1).width - 2 * qr.QUIET - 17) / 4


def level(text):
    (code,) = zxingcpp.read_barcodes(opened(text))
    return code.ec_level


# ------------------------------------------------------------------------------- drawing


@pytest.mark.parametrize("text", [CARD, CERTIFICATE, LINK, "A", "https://vaxpass.example/s/x#y"])
def test_drawn_code_is_read_back(text):
    assert qr.read(qr.png(text)) == [text]


@settings(deadline=None)
@given(st.text("0123456789", min_size=1, max_size=1000).map("shc:/".__add__))
def test_digits_of_any_length_are_read_back(text):
    assert qr.read(qr.png(text)) == [text]


@pytest.mark.parametrize(
    ("characters", "best"),
    [(519, "H"), (520, "Q"), (670, "Q"), (671, "M"), (927, "M"), (928, "L"), (1195, "L")],
)
def test_card_gets_the_best_correction_that_fits_version_22(characters, best):
    text = "shc:/" + "56" * characters

    assert level(text) == best
    assert version(text) <= 22
    assert qr.read(qr.png(text)) == [text]


@pytest.mark.parametrize(
    ("characters", "best"), [(300, "Q"), (823, "Q"), (824, "M"), (1130, "M"), (1140, "L")]
)
def test_certificate_gets_q_where_it_fits(characters, best):
    text = ("HC1:" + "6BFOXN%TS3DH" * 200)[:characters]

    assert level(text) == best
    assert version(text) <= 22
    assert qr.read(qr.png(text)) == [text]


def test_digits_take_less_room_than_bytes():
    # One segment of bytes would hold 1006 characters at most.
    assert version("shc:/" + "56" * 1195) == 22
    with pytest.raises(qr.TooLong):
        qr.svg("shd:/" + "56" * 1195)


@pytest.mark.parametrize("draw", [qr.svg, qr.png])
@pytest.mark.parametrize(
    "text", ["shc:/" + "56" * 1196, "HC1:" + "A" * 1500, "x" * 1005, "x" * 100_000]
)
def test_text_beyond_version_22_is_refused(draw, text):
    with pytest.raises(qr.TooLong):
        draw(text)


def test_picture_has_a_quiet_zone_of_four_modules():
    code = opened(scale=3)
    dark = ImageOps.invert(code).getbbox()

    assert dark == (12, 12, code.width - 12, code.height - 12)


def test_drawing_holds_the_same_modules_as_the_picture():
    root = ElementTree.fromstring(qr.svg(CARD))
    width = int(root.get("viewBox").split()[2])
    drawn = Image.new("L", (width, width), 255)
    for bar in re.findall(r"M(\d+) (\d+)h(\d+)v1H(\d+)z", root[1].get("d")):
        x, y, length, back = map(int, bar)
        assert x == back
        drawn.paste(0, (x, y, x + length, y + 1))

    assert drawn.tobytes() == opened(scale=1).tobytes()


def test_drawing_asks_nothing_of_the_content_policy():
    root = ElementTree.fromstring(qr.svg(CARD))

    assert [child.tag.rpartition("}")[2] for child in root] == ["path", "path"]
    assert {name for node in root.iter() for name in node.attrib} <= {
        "viewBox",
        "shape-rendering",
        "fill",
        "d",
    }
    assert CARD not in qr.svg(CARD)


# ------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("format", "options"), [("PNG", {}), ("JPEG", {"quality": 60}), ("WEBP", {}), ("GIF", {})]
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_picture_of_each_format_is_read(format, options, mode):
    assert qr.read(as_file(opened().convert(mode), format, **options)) == [CARD]


def grainy(code):
    grain = random.Random(5).randbytes(code.width * code.height)
    return Image.blend(code, Image.frombytes("L", code.size, grain), 0.6)


@pytest.mark.parametrize(
    "change",
    [
        lambda code: code.convert("1"),
        lambda code: code.convert("P"),
        lambda code: code.convert("CMYK").convert("RGB"),
        lambda code: code.convert("I;16").point(lambda value: value * 257),
        lambda code: code.rotate(90),
        lambda code: code.rotate(17, expand=True, fillcolor=255),
        lambda code: ImageOps.mirror(code),
        lambda code: ImageOps.invert(code),
        lambda code: ImageOps.expand(code, 500, 200),
        lambda code: code.resize((3000, 3000)),
        lambda code: code.point(lambda value: 90 + value // 4),
        lambda code: code.point(lambda value: 120 + value // 25),
        grainy,
    ],
)
def test_picture_is_read_however_it_was_taken(change):
    assert qr.read(as_file(change(opened()))) == [CARD]


def test_code_whose_modules_are_less_than_two_pixels_is_read():
    small = opened(scale=2)
    width = small.width * 8 // 10

    assert qr.read(as_file(small.resize((width, width), Image.Resampling.LANCZOS))) == [CARD]


def test_transparent_picture_counts_as_on_paper():
    code = opened()
    clear = Image.new("RGBA", code.size, (0, 0, 0, 0))
    clear.putalpha(ImageOps.invert(code))
    indexed = code.convert("P")

    assert qr.read(as_file(clear)) == [CARD]
    assert qr.read(as_file(clear.convert("LA"))) == [CARD]
    assert qr.read(as_file(indexed, transparency=255)) == [CARD]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_is_turned_as_its_camera_says(orientation):
    # A code alone would be read in any position, so what is turned is seen from what is read.
    exif = Image.Exif()
    exif[0x0112] = orientation
    wide = Image.new("L", (900, 300), 255)
    wide.paste(opened("A", scale=8), (0, 0))

    upright = qr._opened(as_file(wide, "JPEG", exif=exif))

    assert upright.size == ((900, 300) if orientation < 5 else (300, 900))
    assert qr.read(as_file(wide, "JPEG", exif=exif)) == ["A"]


def test_each_code_of_a_picture_is_read_once():
    one, other = opened("A"), opened("B")
    sheet = Image.new("L", (3 * one.width, one.height), 255)
    for place, code in enumerate((one, other, one)):
        sheet.paste(code, (place * one.width, 0))

    assert sorted(qr.read(as_file(sheet))) == ["A", "B"]


def test_other_barcodes_are_not_read():
    code = zxingcpp.create_barcode("A" * 20, zxingcpp.BarcodeFormat.Aztec).to_image(scale=4)

    assert qr.read(as_file(Image.fromarray(code))) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (200, 200)])
def test_picture_without_a_code_holds_none(size):
    assert qr.read(as_file(Image.new("L", size, 255))) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        as_file(Image.new("L", (9, 9)), "BMP"),
        as_file(Image.new("L", (9, 9)), "TIFF"),
        as_file(Image.new("L", (9, 9)), "ICO"),
        qr.png(CARD)[:200],
        qr.png(CARD)[:-30],
        as_file(opened(), "JPEG")[:2000],
        b"\x89PNG\r\n\x1a\n" + bytes(50),
    ],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Malformed, match="picture"):
        qr.read(data)


def test_too_many_bytes_are_refused_unseen():
    with pytest.raises(Malformed, match="too many bytes"):
        qr.read(qr.png("A") + bytes(qr.MOST_PICTURE_BYTES))


@pytest.mark.parametrize("size", [(8000, 5001), (40_000_001, 1), (65_000, 65_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size, monkeypatch):
    written = bytearray(as_file(Image.new("1", (9, 9))))
    written[16:24] = size[0].to_bytes(4) + size[1].to_bytes(4)
    written[29:33] = zlib.crc32(written[12:29]).to_bytes(4)
    decoded = []
    monkeypatch.setattr(Image.Image, "convert", lambda *_: decoded.append(1))

    with pytest.raises(Malformed, match="picture"):
        qr.read(bytes(written))
    assert decoded == []


@settings(deadline=None)
@given(st.data())
def test_damaged_picture_raises_nothing_else(data):
    format = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
    damaged = bytearray(as_file(opened("A"), format))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = qr.read(bytes(damaged))
    except Malformed:
        return
    assert found in ([], ["A"])
