"""Any value that a resource may be made of."""

import datetime as dt

from hypothesis import strategies as st

from records.codecs.fhir.immunization import Given, Kept
from records.codecs.fhir.people import Person, Place, Version
from records.codecs.fhir.terms import Identifier

texts = st.text(
    st.characters(categories=("L", "M", "N", "P", "S", "Zs")), min_size=1, max_size=60
).filter(str.strip)
maybe = st.just("") | texts
codes = st.from_regex(r"[A-Za-z0-9]{1,10}", fullmatch=True)
keys = st.uuids().map(str)
maybe_key = st.just("") | keys
days = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))
moments = st.datetimes(
    dt.datetime(2000, 1, 1),  # noqa: DTZ001 (Hypothesis adds the zone)
    dt.datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.timezones(),
)
systems = texts | st.sampled_from(
    ["urn:oid:1.2.3", "https://example.org/ids", "urn:vaxpass:system:x", "health insurance"]
)
numbers = st.builds(Identifier, systems, texts)
SITES = ["", "LA", "RA", "LD", "RD", "LT", "RT", "LVL", "RVL", "LG", "RG", "LLFA", "RLFA"]
ROUTES = ["", "IM", "SC", "IDINJ", "NASINHLC", "PO", "TRNSDERM"]

givens = st.builds(
    Given,
    patient=keys,
    status=st.sampled_from(["completed", "entered-in-error", "not-done"]),
    occurred_on=days,
    cvx_code=codes,
    primary_source=st.booleans(),
    status_reason=maybe,
    lot_number=maybe,
    manufacturer=maybe_key,
    mvx_code=st.just("") | codes,
    clinic=maybe_key,
    volunteer=maybe_key,
    site=st.sampled_from(SITES),
    route=st.sampled_from(ROUTES),
    number=st.none() | numbers,
)
kepts = st.builds(
    Kept,
    given=givens,
    id=keys,
    version=st.integers(1, 10**6),
    changed_at=moments,
    recorded_at=moments,
    vaccine_name=maybe,
    manufacturer_name=maybe,
    clinic_name=maybe,
    volunteer_name=maybe,
    expires_on=st.none() | days,
    positions=st.dictionaries(
        st.from_regex(r"[1-9][0-9]{5,17}", fullmatch=True), st.integers(1, 20), max_size=4
    ),
)
versions = st.builds(Version, keys, st.integers(1, 10**6), moments)
places = st.builds(Place, *[maybe] * 6)
persons = st.builds(
    Person,
    shown=versions,
    first_name=maybe,
    last_name=texts,
    born_on=days,
    gender=st.sampled_from(["female", "male", "other", "unknown"]),
    email=maybe,
    phone=maybe,
    place=places,
    numbers=st.lists(numbers, max_size=3).map(tuple),
    active=st.booleans(),
    merged_into=maybe_key,
)
