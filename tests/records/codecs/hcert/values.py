"""Any certificate that VaxPass may write."""

import datetime as dt

from hypothesis import strategies as st

from records.codecs import hcert
from records.codecs.credentials import Person, StatedDose
from tests.records.codecs.hcert import codes

SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARABIC", "CJK")
LETTERS = st.characters(categories=("L", "M", "N", "P", "S", "Zs"))
names = st.text(LETTERS, max_size=100)
days = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)).map(str)
births = st.one_of(days, days.map(lambda day: day[:7]), days.map(lambda day: day[:4]), st.just(""))
nothing = st.just("")  # Hypothesis would fill a named tuple's defaults
people = st.builds(
    Person,
    family=names,
    given=names,
    family_plain=nothing,
    given_plain=nothing,
    birth_date=births,
)
eu_codes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-", min_size=1, max_size=20)
countries = st.from_regex(r"[A-Z]{2}", fullmatch=True)
counts = st.integers(1, 20)
doses = st.builds(
    StatedDose,
    day=days,
    vaccine=eu_codes,
    disease=st.just("840539006"),
    product=eu_codes,
    holder=eu_codes,
    number=counts,
    series=counts,
    country=countries,
    vaccine_system=nothing,
    lot_number=nothing,
    performer=nothing,
)
identifiers = st.builds(
    hcert.uvci, countries, st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/", min_size=1, max_size=60)
)
moments = st.integers(0, 4_102_444_800).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC))
payloads = st.builds(
    hcert.payload,
    people,
    doses,
    identifiers,
    names,
    country=countries,
    issued_at=moments,
    expires_at=moments,
)


def signer() -> hcert.DocumentSigner:
    return hcert.document_signer(codes.private_key(), codes.certificate())
