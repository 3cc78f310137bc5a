"""Key strings compare byte by byte, and folded names find what people type."""

import datetime as dt

import pytest
from django.apps import apps
from django.db import connection

from records.domain import patients, reference, volunteers
from records.models import Clinic, Dose, Lot, Patient
from records.models.fields import CodeField, SearchKeyField, fold_name
from tests.records import factories as make

COLUMNS = [
    (model, field)
    for model in apps.get_app_config("records").get_models()
    for field in model._meta.fields
    if isinstance(field, CodeField)
]


@pytest.mark.django_db
def test_lot_numbers_that_differ_in_a_byte_are_different_lots():
    maker = make.make_manufacturer()
    numbers = ["AB1", "ab1", "Ab1", "ÄB1", "ß1", "ss1", "AB1\u00a0x"]

    for number in numbers:
        make.make_lot(manufacturer=maker, number=number)

    for number in [*numbers, "AB1 ", "AB1\t"]:
        assert Lot.objects.filter(number=number).count() == (number in numbers)


@pytest.mark.django_db
def test_lot_number_finds_only_its_own_doses():
    maker, vaccine = make.make_manufacturer(), make.make_vaccine()
    upper = make.make_lot(manufacturer=maker, vaccine=vaccine, number="AB1")
    lower = make.make_lot(manufacturer=maker, vaccine=vaccine, number="ab1")
    dose = make.make_dose(lot=upper)

    assert list(Dose.objects.filter(lot=upper)) == [dose]
    assert not Dose.objects.filter(lot=lower).exists()


@pytest.mark.django_db
def test_codes_of_different_case_are_different_keys():
    make.make_clinic(code="GRZ")
    make.make_clinic(code="grz")
    make.make_manufacturer(mvx_code="ABC")
    make.make_manufacturer(mvx_code="abc")
    make.make_volunteer(code="B1")
    volunteers.add_volunteer(by=make.system(), code="b1", first_name="V", last_name="V")
    patient = make.make_patient(identifiers=[("id", "a"), ("id", "A"), ("ID", "a")])

    assert Clinic.objects.get(code="grz").code == "grz"
    assert patient.identifiers.count() == 3


@pytest.mark.django_db
def test_history_tells_codes_of_different_case_apart():
    clinic = make.make_clinic(code="GRZ")
    reference.correct(
        by=make.system(),
        record=clinic,
        version=1,
        reason="Written small.",
        changes={"code": "grz"},
    )

    assert Clinic.history.filter(code="grz").get().version == 2
    assert not Clinic.history.filter(code="grz ").exists()


@pytest.mark.mariadb
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "field"), COLUMNS, ids=[f"{model.__name__}.{field.name}" for model, field in COLUMNS]
)
def test_code_column_has_the_collation_that_compares_bytes(model, field):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT collation_name FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND table_name = %s AND column_name = %s",
            [model._meta.db_table, field.column],
        )
        [collation] = cursor.fetchone()

    assert collation in {"utf8mb4_nopad_bin", "utf8mb4_0900_bin"}


def test_history_has_every_code_column_of_its_record():
    names = {(model.__name__, field.name) for model, field in COLUMNS}

    for model, field in COLUMNS:
        if hasattr(model, "history") and not isinstance(field, SearchKeyField):
            assert (f"Historical{model.__name__}", field.name) in names


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Núñez-O'Neil", "nunez oneil"),
        ("  VAN  DER\tBerg ", "van der berg"),
        ("Straße", "strasse"),
        ("Ødegård", "ødegard"),
        ("李", "李"),
        ("Anne‐Marie", "anne marie"),  # noqa: RUF001 - a typographic hyphen is what is tested
        ("'’", ""),  # noqa: RUF001
    ],
)
def test_fold_name_leaves_case_accents_and_punctuation_out(typed, folded):
    assert fold_name(typed) == folded


@pytest.mark.django_db
def test_search_key_follows_its_name_when_it_is_saved():
    patient = make.make_patient(last_name="Núñez")
    assert patient.last_name_key == "nunez"

    patient = patients.amend_patient(
        by=make.system(),
        patient=patient,
        version=1,
        reason="Misheard.",
        changes={"last_name": "Ó Briain"},
    )

    assert patient.last_name_key == "o briain"


@pytest.mark.django_db
def test_search_key_is_folded_when_many_are_inserted():
    Patient.objects.bulk_create(
        [Patient(first_name="Zoë", last_name="Ünal", date_of_birth=dt.date(1980, 1, 1))]
    )

    assert Patient.objects.filter(last_name_key="unal", first_name_key="zoe").exists()


@pytest.mark.django_db
def test_search_key_of_a_long_name_that_folds_longer_still_fits():
    patient = make.make_patient(last_name="ß" * 100)

    assert patient.last_name_key == "s" * 100
