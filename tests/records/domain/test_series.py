"""The series position outside the passport is the passport's."""

import pytest

from records.domain import doses, passports, series
from records.models import Dose
from tests.records import factories as make

pytestmark = pytest.mark.django_db
FLU = "6142004"


def positions(patient, moment=None):
    names = dict(Dose.objects.values_list("id", "public_id"))
    found = series.series_positions([patient.pk], moment)
    return {names[key]: places for key, places in found.items()}


def in_passport(patient, moment=None):
    shown = passports.read_passport(by=make.system(), patient=patient, moment=moment)
    return {dose.public_id: dose.positions for dose in shown}


def test_positions_are_those_of_the_passport_now_and_then():
    patient, other = make.make_patient(), make.make_patient()
    both = make.make_vaccine(diseases=[make.COVID_19, FLU])
    none = make.make_vaccine(diseases=[])
    first = make.make_dose(patient=patient, administered_on=make.days_ago(90))
    make.make_dose(patient=patient, vaccine=both, administered_on=make.days_ago(60))
    make.make_dose(patient=patient, vaccine=none, administered_on=make.days_ago(50))
    last = make.make_dose(patient=patient, administered_on=make.days_ago(40))
    make.make_dose(patient=other, administered_on=make.days_ago(100))
    before = last.history.get(version=1).history_date

    assert positions(patient) == in_passport(patient)
    assert positions(patient)[last.public_id] == {make.COVID_19: 3}
    doses.void_dose(by=make.system(), dose=first, version=1, reason="Wrong")

    assert positions(patient) == in_passport(patient)
    assert positions(patient)[last.public_id] == {make.COVID_19: 2}
    assert positions(patient, before) == in_passport(patient, before)
    assert positions(patient, before)[last.public_id] == {make.COVID_19: 3}
