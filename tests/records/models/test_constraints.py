"""The composite foreign key from dose to lot, and the constraint class behind it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from records.models import Dose, Lot
from records.models.constraints import CompositeForeignKey
from tests.records import factories as make
from tests.records.models.rows import insert, twin

KEY = CompositeForeignKey(
    fields=("maker", "batch_number"),
    to="records.FkBatch",
    to_fields=("maker", "number"),
    name="fk_jab_batch",
)


def settle(action):
    """Do it and ask for what SQLite checks only at the end of a transaction."""
    with transaction.atomic():
        action()
        connection.check_constraints()


# ------------------------------------------------------------------------- The doses of a lot


@pytest.mark.django_db
def test_dose_of_a_lot_that_is_not_there_is_refused_by_the_database():
    dose = make.make_dose()

    with pytest.raises(IntegrityError):
        settle(lambda: insert(twin(dose, dose_number=2, lot_number="no such lot")))

    settle(lambda: insert(twin(dose, dose_number=2)))


@pytest.mark.django_db
def test_dose_of_the_same_number_by_another_manufacturer_is_refused_by_the_database():
    dose = make.make_dose()

    with pytest.raises(IntegrityError):
        settle(
            lambda: insert(twin(dose, dose_number=2, manufacturer_id=make.make_manufacturer().pk))
        )


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["ab1", "AB1 ", "AB1\t"])
def test_dose_of_a_number_that_differs_in_a_byte_is_refused_by_the_database(number):
    dose = make.make_dose(lot=make.make_lot(number="AB1"))

    with pytest.raises(IntegrityError):
        settle(lambda: insert(twin(dose, dose_number=2, lot_number=number)))


@pytest.mark.django_db
def test_lot_with_doses_cannot_be_deleted_in_the_database():
    lot = make.make_dose().lot
    unused = Lot.objects.filter(pk=make.make_lot().pk)

    with pytest.raises(IntegrityError):
        settle(lambda: Lot.objects.filter(pk=lot.pk)._raw_delete(using="default"))

    settle(lambda: unused._raw_delete(using="default"))


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"number": "other"}, {"number": "lot"}])
def test_lot_with_doses_cannot_be_renamed_in_the_database(change):
    lot = make.make_dose(lot=make.make_lot(number="LOT")).lot

    with pytest.raises(IntegrityError):
        settle(lambda: Lot.objects.filter(pk=lot.pk).update(**change))


@pytest.mark.django_db
def test_dose_lot_is_a_relation_of_the_orm():
    dose = make.make_dose()
    other = make.make_dose()

    with_lot = Dose.objects.select_related("lot").get(pk=dose.pk)
    assert with_lot.lot.number == dose.lot_number
    assert list(Dose.objects.filter(lot__vaccine=other.lot.vaccine)) == [other]
    assert list(dose.lot.doses.all()) == [dose]
    with pytest.raises(models.ProtectedError):
        dose.lot.delete()


# ----------------------------------------------------------------------- The constraint class


@pytest.mark.django_db
def test_validate_names_the_last_column_of_an_unknown_key():
    dose = make.make_dose()
    [key] = [c for c in Dose._meta.constraints if isinstance(c, CompositeForeignKey)]
    key.validate(Dose, dose)

    dose.lot_number = "no such lot"

    with pytest.raises(ValidationError) as refused:
        key.validate(Dose, dose)
    assert refused.value.message_dict == {"lot_number": ["This manufacturer has no such lot."]}
    key.validate(Dose, dose, exclude={"manufacturer"})
    dose.manufacturer = None
    key.validate(Dose, dose)


def test_constraint_survives_a_migration_file():
    text, imports = MigrationWriter.serialize(KEY)
    scope = {}
    exec("\n".join(imports), scope)

    assert eval(text, scope) == KEY


def test_constraints_are_equal_by_what_they_say():
    same = CompositeForeignKey(fields=KEY.fields, to=KEY.to, to_fields=KEY.to_fields, name=KEY.name)
    other = CompositeForeignKey(
        fields=KEY.fields, to=KEY.to, to_fields=("maker", "label"), name=KEY.name
    )

    assert same == KEY
    assert hash(same) == hash(KEY)
    assert other != KEY
    assert models.CheckConstraint(condition=models.Q(pk=1), name=KEY.name) != KEY


@isolate_apps("records")
def test_constraint_without_an_ordinary_relation_says_so():
    class FkLoose(models.Model):  # noqa: DJ008 - nobody reads it
        number = models.CharField(max_length=10)

        class Meta:
            app_label = "records"

    loose = CompositeForeignKey(
        fields=("number",), to="records.FkBatch", to_fields=("number",), name="fk_loose"
    )

    editor = connection.SchemaEditorClass(connection)
    with pytest.raises(LookupError, match="fk_loose: none of"):
        loose.create_sql(FkLoose, editor)


@pytest.fixture
def tables(transactional_db):
    """Make, batch and jab tables of a registry of their own, dropped afterwards."""
    with isolate_apps("records"):

        class FkMaker(models.Model):  # noqa: DJ008 - nobody reads it
            class Meta:
                app_label = "records"

        class FkBatch(models.Model):  # noqa: DJ008 - nobody reads it
            maker = models.ForeignKey(FkMaker, models.PROTECT)
            number = models.CharField(max_length=10)

            class Meta:
                app_label = "records"
                constraints = (
                    models.UniqueConstraint(fields=["maker", "number"], name="fk_batch_once"),
                )

        class FkJab(models.Model):  # noqa: DJ008 - nobody reads it
            maker = models.ForeignKey(FkMaker, models.PROTECT)
            batch_number = models.CharField(max_length=10)

            class Meta:
                app_label = "records"
                constraints = (KEY,)

        made = (FkMaker, FkBatch, FkJab)
        yield made
        existing = connection.introspection.table_names()
        with connection.schema_editor() as editor:
            for model in reversed(made):
                if model._meta.db_table in existing:
                    editor.delete_model(model)


def create(tables):
    with connection.schema_editor() as editor:
        for model in tables:
            editor.create_model(model)


def holds(tables):
    """Tell whether the database refuses a jab of a batch that is not there."""
    maker_model, batch_model, jab_model = tables
    maker = maker_model.objects.create()
    batch_model.objects.create(maker=maker, number="A")
    jab_model.objects.create(maker=maker, batch_number="A")
    refused = False
    try:
        jab_model.objects.create(maker=maker, batch_number="B")
    except IntegrityError:
        refused = True
    for model in (jab_model, batch_model, maker_model):
        model.objects.all().delete()
    return refused


def test_constraint_comes_with_its_table(tables):
    create(tables)

    assert holds(tables)


def test_constraint_comes_with_its_table_when_its_target_is_made_later(tables):
    create((tables[0], tables[2], tables[1]))

    assert holds(tables)


def test_constraint_can_be_removed_and_added(tables):
    create(tables)

    tables[2]._meta.constraints = []
    with connection.schema_editor() as editor:
        editor.remove_constraint(tables[2], KEY)
    assert not holds(tables)

    tables[2]._meta.constraints = [KEY]
    with connection.schema_editor() as editor:
        editor.add_constraint(tables[2], KEY)
    assert holds(tables)


def test_constraint_removed_in_the_migration_that_adds_it_never_comes(tables):
    with connection.schema_editor() as editor:
        for model in tables:
            editor.create_model(model)
        tables[2]._meta.constraints = []
        editor.remove_constraint(tables[2], KEY)

    assert not holds(tables)


def test_constraint_survives_another_column(tables):
    create(tables)
    column = models.CharField(max_length=10, null=True)
    column.set_attributes_from_name("note")
    column.model = tables[2]

    with connection.schema_editor() as editor:
        editor.add_field(tables[2], column)
        if connection.vendor == "sqlite":
            editor._remake_table(tables[2])

    assert holds(tables)


def test_rows_with_a_null_in_the_key_are_not_checked(transactional_db):
    settle(
        lambda: make.make_dose(vaccine=make.make_vaccine(), manufacturer=make.make_manufacturer())
    )
