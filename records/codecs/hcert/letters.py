"""What letters become in the machine-readable zone of a travel document.

Latin, Cyrillic and Arabic follow ICAO Doc 9303, part 3 (8th edition, 2021), section 6: where it
leaves a choice by language, the first form given, since a name does not tell its language. It has
no Greek; that is ELOT 743 (ISO 843), as in Greek passports.
"""

# ruff: noqa: RUF001 (letters of other scripts that look Latin are the subject)

from __future__ import annotations

from collections.abc import Mapping


def _table(pairs: str) -> dict[str, str]:
    """Return the table of ``letter=form`` pairs; what it cannot name stays out."""
    return dict(pair.split("=") for pair in pairs.split())


# Capitals that are not their base letter with the marks left out (Unicode knows those, Ĳ and ß).
LATIN: Mapping[str, str] = _table(
    "Ä=AE Å=AA Æ=AE Đ=D Ð=D Ħ=H Ł=L Ŋ=N Ö=OE Ø=OE Œ=OE ẞ=SS Þ=TH Ŧ=T Ü=UE"
)

CYRILLIC: Mapping[str, str] = _table(
    "А=A Б=B В=V Г=G Ґ=G Ѓ=G Ғ=G Д=D Ђ=D Е=E Ё=E Є=IE Ж=ZH З=Z Ѕ=DZ И=I І=I Ї=I Й=I Ј=J К=K Ќ=K"
    " Л=L Љ=LJ М=M Н=N Њ=NJ О=O П=P Р=R С=S Т=T Ћ=C У=U Ў=U Ф=F Х=KH Ц=TS Ч=CH Џ=DZ Ш=SH Щ=SHCH"
    " Ъ=IE Ы=Y Э=E Ю=IU Я=IA Ѫ=U Ѵ=Y"
)

# The X marks what the Latin alphabet lacks. Vowel signs are left out, as the standard has it.
ARABIC: Mapping[str, str] = _table(
    "ء=XE آ=XAA أ=XAE ؤ=U إ=I ئ=XI ا=A ب=B ة=XTA ت=T ث=XTH ج=J ح=XH خ=XKH د=D ذ=XDH ر=R ز=Z س=S"
    " ش=XSH ص=XSS ض=XDZ ط=XTT ظ=XZZ ع=E غ=G ف=F ق=Q ك=K ل=L م=M ن=N ه=H و=W ى=XAY ي=Y ٱ=XXA"
    " ٹ=XXT ټ=XRT پ=P ځ=XKE څ=XXH چ=XC ڈ=XXD ډ=XDR ڑ=XXR ړ=XRR ږ=XRX ژ=XJ ښ=XXS ک=XKK ګ=XXK"
    " ڭ=XNG گ=XGG ں=XNN ڼ=XXN ھ=XDO ۀ=XYH ہ=XXG ۂ=XGE ۃ=XTG ی=XYA ۍ=XXY ې=Y ے=XYB ۓ=XBE"
)
DOUBLED = "\u0651"  # the Arabic shadda: the letter before it counts twice
LAST_TEH = ("ة", "XAH")  # the teh marbuta at the end of a name

GREEK: Mapping[str, str] = _table(
    "Α=A Β=V Γ=G Δ=D Ε=E Ζ=Z Η=I Θ=TH Ι=I Κ=K Λ=L Μ=M Ν=N Ξ=X Ο=O Π=P Ρ=R Σ=S Τ=T Υ=Y Φ=F Χ=CH"
    " Ψ=PS Ω=O"
)
# Letters that sound otherwise together, in this order. A diaeresis (U+0308) keeps them apart.
GREEK_PAIRS = (
    (r"ΟΥ(?!\u0308)", "OU"),
    (r"(?<=[ΑΕΗ])Υ(?!\u0308)(?=[ΑΕΗΙΟΥΩΒΓΔΖΛΜΝΡ])", "V"),
    (r"(?<=[ΑΕΗ])Υ(?!\u0308)", "F"),
    (r"Γ(?=[ΓΞΧ])", "N"),
    (r"^ΜΠ|ΜΠ$", "B"),
)
