"""Finding a clinic's patient in spite of what was mistyped."""

import datetime as dt
from typing import Any

import pytest

from records.domain.finding import Differs, find_at_clinic, near_dates, slips
from records.models import Clinic
from tests.records.factories import days_ago, make_clinic, make_patient, make_volunteer_user

BORN = dt.date(1986, 4, 2)
NAME, SURNAME, DATE = Differs.NAME, Differs.SURNAME, Differs.BIRTH_DATE


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def by(clinic: Clinic) -> Any:
    return make_volunteer_user(clinic)


def found(
    by: Any, clinic: Clinic, name: str, born: dt.date | None = None
) -> list[tuple[str, tuple[Differs, ...]]]:
    matches = find_at_clinic(by=by, clinic=clinic, name=name, date_of_birth=born, most=20)
    return [(str(match.patient), match.differs) for match in matches]


def person(clinic: Clinic, first: str, last: str, born: dt.date = BORN) -> None:
    make_patient(first_name=first, last_name=last, date_of_birth=born, clinic=clinic)


@pytest.mark.parametrize(
    ("name", "born", "differs"),
    [
        ("okon", None, ()),
        ("Okonkwo, María", None, ()),
        ("maria okonkwo", None, ()),
        ("OKONKWO MARIA", BORN, ()),
        ("okonkwo maria elena", None, ()),
        ("Elena Okonkwo", BORN, ()),
        ("Maria", BORN, ()),
        ("okonkow", None, (NAME,)),
        ("Okonwo, Maria", None, (NAME,)),
        ("Maira Okonkwo", None, (NAME,)),
        ("Konkwo", BORN, (NAME,)),
        ("Okonkwo", dt.date(1986, 2, 4), (DATE,)),
        ("Okonkwo, Maria", dt.date(1968, 4, 2), (DATE,)),
        ("Okonkwo, Maria", dt.date(1971, 12, 9), (DATE,)),
        ("Okonwo", dt.date(1986, 4, 3), (NAME, DATE)),
        ("Smith, Maria", BORN, (SURNAME,)),
    ],
)
def test_patient_is_found_and_the_difference_told(
    by: Any, clinic: Clinic, name: str, born: dt.date | None, differs: tuple[Differs, ...]
) -> None:
    person(clinic, "María Elena", "Okonkwo")
    person(clinic, "Piotr", "Zielinski", BORN)
    assert found(by, clinic, name, born) == [("María Elena Okonkwo", differs)]


@pytest.mark.parametrize(
    ("name", "born"),
    [
        ("", None),
        ("Okonkwo", dt.date(1971, 12, 9)),
        ("Okonwo, Maria", dt.date(1971, 12, 9)),
        ("Smith, Maria", dt.date(1986, 4, 3)),
        ("Smith", BORN),
        ("Abcdefg", None),
        ("Oxxnkwo", None),
        (",", None),
        ("…", None),
    ],
)
def test_somebody_else_is_not_found(
    by: Any, clinic: Clinic, name: str, born: dt.date | None
) -> None:
    person(clinic, "Maria", "Okonkwo")
    assert found(by, clinic, name, born) == []


def test_who_is_meant_exactly_comes_alone(by: Any, clinic: Clinic) -> None:
    person(clinic, "Maria", "Okonkwo")
    person(clinic, "Maria", "Okonkwa")
    assert found(by, clinic, "okonkwo, maria", BORN) == [("Maria Okonkwo", ())]


def test_who_differs_least_comes_first(by: Any, clinic: Clinic) -> None:
    person(clinic, "Maria", "Smith")
    person(clinic, "Maria", "Okonkwo", dt.date(1986, 4, 20))
    person(clinic, "Mario", "Okonkwo")
    assert found(by, clinic, "Okonkwo, Marie", BORN) == [
        ("Mario Okonkwo", (NAME,)),
        ("Maria Okonkwo", (NAME, DATE)),
    ]


def test_nobody_of_elsewhere_is_found_by_a_slip(by: Any, clinic: Clinic) -> None:
    person(make_clinic(), "Maria", "Okonkwo")
    for name, born in (("Okonwo, Maria", None), ("Okonkwo", dt.date(1986, 2, 4))):
        assert found(by, clinic, name, born) == []


@pytest.mark.parametrize(
    ("typed", "key", "expected"),
    [
        ("li", "lu", None),
        ("anna", "hanna", 1),
        ("smith", "smyth", 1),
        ("smith", "smooth", None),
        ("gonzales", "gonsalez", 2),
        ("mria", "maria", 1),
        ("maria", "anna maria", 0),
        ("mar", "maria", 0),
    ],
)
def test_slips_are_counted_by_length(typed: str, key: str, expected: int | None) -> None:
    assert slips(typed, key) == expected


def test_near_dates_hold_the_usual_slips_and_no_impossible_day() -> None:
    near = near_dates(dt.date(1986, 4, 2), days_ago(0))
    for day in ((1986, 2, 4), (1968, 4, 2), (1985, 4, 2), (1986, 4, 20), (1986, 4, 22)):
        assert dt.date(*day) in near
    assert dt.date(1986, 4, 2) not in near
    assert all(1900 <= day.year <= days_ago(0).year for day in near)
    assert dt.date(1986, 10, 9) not in near
