"""The shipped table of what each vaccine protects against: consistent, complete, and right."""

import re

import pytest

from records.io.code_lists import DATA_DIR, read_shipped

LISTS = read_shipped()
CVX = {entry.code: entry for entry in LISTS.cvx}
NAMES = {
    "397430003": "diphtheria",
    "76902006": "tetanus",
    "27836007": "pertussis",
    "398102009": "polio",
    "709410003": "hib",
    "66071002": "hepb",
    "40468003": "hepa",
    "14189004": "measles",
    "36989005": "mumps",
    "36653000": "rubella",
    "38907003": "varicella",
    "4740000": "zoster",
    "23511006": "meningococcal",
    "16814004": "pneumococcal",
    "55735004": "rsv",
    "6142004": "influenza",
    "442696006": "h1n1",
    "713083002": "h5",
    "772828001": "h5n1",
    "840539006": "covid",
    "67924001": "smallpox",
    "359814004": "mpox",
    "4834000": "typhoid",
    "56717001": "tuberculosis",
}

PASSIVE = {"304", "306", "307", "315", "332"}  # RSV antibodies, and "vaccine or antibody"
NO_CODE = {"80", "81", "92"}  # Venezuelan equine encephalitis


def targets(cvx_code: str) -> set[str]:
    """The diseases of a vaccine, by the short names above (by code where they have none)."""
    codes = (entry.disease_code for entry in LISTS.targets if entry.cvx_code == cvx_code)
    return {NAMES.get(code, code) for code in codes}


def verhoeff_valid(number: str) -> bool:
    """Whether the last digit of a SNOMED CT identifier is its Verhoeff check digit."""

    def times(a: int, b: int) -> int:  # multiplication in the dihedral group of order 10
        if a < 5:
            return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
        return 5 + (a - b) % 5 if b < 5 else (a - b) % 5

    permutation = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for position, digit in enumerate(map(int, reversed(number))):
        for _ in range(position % 8):
            digit = permutation[digit]
        check = times(check, digit)
    return check == 0


def test_every_code_is_known_and_used():
    diseases = [entry.code for entry in LISTS.diseases]
    assert {entry.disease_code for entry in LISTS.targets} == set(diseases)
    assert {entry.cvx_code for entry in LISTS.targets} <= set(CVX)
    assert len({entry.display for entry in LISTS.diseases}) == len(diseases)


@pytest.mark.parametrize("entry", LISTS.diseases, ids=lambda entry: entry.display)
def test_disease_codes_have_a_valid_check_digit(entry):
    assert verhoeff_valid(entry.code)
    assert not verhoeff_valid(str(int(entry.code) + 1))


def test_every_vaccine_in_a_group_has_targets():
    without = {entry.code for entry in LISTS.cvx if entry.groups and not targets(entry.code)}
    assert without == PASSIVE | NO_CODE


def test_passive_protection_and_non_vaccines_have_none():
    passive = re.compile(
        r"globulin|antitoxin|monoclonal|skin test|adjuvant$|lysate|reserved|unknown vaccine|"
        r"no vaccine",
        re.IGNORECASE,
    )
    found = {entry.code for entry in LISTS.cvx if passive.search(entry.full_name)}
    assert len(found) > 25
    assert {code for code in found if targets(code)} == set()


@pytest.mark.parametrize(
    ("cvx_code", "expected"),
    [
        ("01", "diphtheria tetanus pertussis"),  # DTP
        ("20", "diphtheria tetanus pertussis"),  # DTaP
        ("115", "diphtheria tetanus pertussis"),  # Tdap
        ("09", "diphtheria tetanus"),  # Td
        ("28", "diphtheria tetanus"),  # DT, although in group DTAP
        ("35", "tetanus"),  # although in group Td
        ("11", "pertussis"),
        ("50", "diphtheria tetanus pertussis hib"),
        ("51", "hib hepb"),
        ("102", "diphtheria tetanus pertussis hib hepb"),
        ("110", "diphtheria tetanus pertussis hepb polio"),
        ("120", "diphtheria tetanus pertussis hib polio"),
        ("130", "diphtheria tetanus pertussis polio"),
        ("132", "diphtheria tetanus pertussis polio hib hepb"),
        ("146", "diphtheria tetanus pertussis polio hib hepb"),
        ("170", "diphtheria tetanus pertussis polio hib"),
        ("195", "diphtheria tetanus polio"),
        ("198", "diphtheria tetanus pertussis hepb hib"),  # in no group
        ("03", "measles mumps rubella"),
        ("04", "measles rubella"),
        ("05", "measles"),
        ("06", "rubella"),
        ("07", "mumps"),
        ("38", "rubella mumps"),
        ("94", "measles mumps rubella varicella"),
        ("21", "varicella"),
        ("187", "zoster"),
        ("104", "hepa hepb"),
        ("193", "hepa hepb"),
        ("08", "hepb"),
        ("83", "hepa"),
        ("148", "meningococcal hib"),
        ("162", "meningococcal"),
        ("316", "meningococcal"),
        ("109", "pneumococcal"),
        ("10", "polio"),
        ("02", "polio"),
        ("178", "polio"),
        ("190", "typhoid"),
        ("19", "tuberculosis"),
        ("140", "influenza"),
        ("127", "h1n1"),
        ("160", "h5n1"),
        ("321", "h5"),
        ("208", "covid"),
        ("500", "covid"),
        ("305", "rsv"),
        ("306", ""),  # nirsevimab
        ("30", ""),  # hepatitis B immune globulin
        ("75", "smallpox mpox"),
        ("206", "smallpox mpox"),
        ("105", "smallpox"),
        ("998", ""),
    ],
)
def test_known_vaccines(cvx_code, expected):
    assert targets(cvx_code) == set(expected.split())


# Words in CDC's own names that leave no doubt; the table is checked against every name.
WORDS = {
    "diphtheria": r"diphtheria(?! toxoid conjugate)|\bdtap?\b|\bdtp\b|\btdap\b|\btd\b",
    "tetanus": r"tetanus(?! toxoid conjugate)|\bdtap?\b|\bdtp\b|\btdap\b|\btd\b",
    "pertussis": r"pertussis|\bdtap\b|\bdtp\b|\btdap\b",
    "polio": r"polio|\b[io]pv\b",
    "hib": r"haemophilus|\bhib\b",
    "hepa": r"hep(atitis)? ?a\b",
    "hepb": r"hep(atitis)? ?b\b|hepb",
    "measles": r"measles",
    "mumps": r"mumps",
    "rubella": r"rubella",
    "varicella": r"varicella",
    "zoster": r"\bzoster vaccine",
    "meningococcal": r"meningococcal(?! protein)",
    "pneumococcal": r"pneumococcal",
    "covid": r"covid",
    "smallpox": r"smallpox",
    "mpox": r"monkeypox",
    "typhoid": r"typhoid",
}


@pytest.mark.parametrize("disease", WORDS)
def test_table_agrees_with_the_names(disease):
    given = {entry.code for entry in LISTS.cvx if disease in targets(entry.code)}
    word = re.compile(WORDS[disease], re.IGNORECASE)
    named = {
        entry.code
        for entry in LISTS.cvx
        if word.search(f"{entry.short_name} {entry.full_name}") and targets(entry.code)
    }
    assert given == named


def test_readme_names_every_table():
    readme = (DATA_DIR / "README.md").read_text(encoding="utf-8")
    for table in DATA_DIR.glob("*.csv"):
        assert f"`{table.name}`" in readme
