"""What tests read back from PDF."""

import pypdfium2
import zxingcpp


def pages_of(written: bytes) -> list[str]:
    """Return the text of each page."""
    document = pypdfium2.PdfDocument(written)
    return [page.get_textpage().get_text_range() for page in document]


def text_of(written: bytes) -> str:
    """Return the text of all pages."""
    return "\n".join(pages_of(written))


def codes_on(written: bytes) -> list[str]:
    """Return what the QR codes on all pages hold, as a camera at 200 dots an inch sees them."""
    found = []
    for page in pypdfium2.PdfDocument(written):
        seen = zxingcpp.read_barcodes(page.render(scale=200 / 72).to_pil().convert("L"))
        found += [code.text for code in seen]
    return found


def scale_of(written: bytes, words: str) -> float:
    """Return how far from the left, in points, the first letter of ``words`` stands."""
    text = pypdfium2.PdfDocument(written)[0].get_textpage()
    found = text.search(words).get_next()
    assert found is not None
    left, *_rest = text.get_charbox(found[0])
    return float(left)
