"""Vaccines over the API: what they protect against."""

import pytest

from accounts.roles import LOGISTICS, SALES
from records.models import Vaccine, VaccineTarget
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.reference_kinds import WHY

pytestmark = pytest.mark.django_db

MEASLES, MUMPS = "14189004", "36989005"


@pytest.fixture
def logistics():
    return Caller(make.make_user(LOGISTICS.name))


def put(caller, vaccine, diseases, version=1):
    body = {"diseases": diseases, "reason": WHY}
    address = f"vaccines/{vaccine.public_id}/diseases"
    return caller.send("put", address, body, if_match=f'"{version}"')


def test_diseases_are_set_as_a_whole_and_make_a_version(logistics):
    vaccine = make.make_vaccine(diseases=[make.COVID_19, MUMPS])

    answer = put(logistics, vaccine, [MUMPS, MEASLES, MEASLES])

    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert answer.json()["diseases"] == sorted([MEASLES, MUMPS])
    assert answer.content == logistics.get(f"vaccines/{vaccine.public_id}").content
    removed = VaccineTarget.history.get(disease=make.COVID_19, history_type="-")
    assert removed.history_change_reason == WHY


def test_reader_who_knows_the_old_diseases_gets_the_new_ones(logistics):
    vaccine = make.make_vaccine(diseases=[])
    address = f"vaccines/{vaccine.public_id}"
    tag = logistics.get(address)["ETag"]

    put(logistics, vaccine, [MEASLES])

    assert logistics.get(address, if_none_match=tag).json()["diseases"] == [MEASLES]


def test_diseases_that_somebody_else_changed_meanwhile_stay(logistics):
    vaccine = make.make_vaccine(diseases=[])
    put(logistics, vaccine, [MEASLES])

    answer = put(logistics, vaccine, [MUMPS])

    assert (answer.status_code, answer.json()["current_version"]) == (412, 2)
    assert [target.disease for target in vaccine.targets.all()] == [MEASLES]


def test_same_diseases_make_no_version(logistics):
    vaccine = make.make_vaccine(diseases=[MUMPS])

    assert put(logistics, vaccine, [MUMPS])["ETag"] == '"1"'


def test_diseases_as_of_a_moment_are_what_they_were(logistics):
    vaccine, other = make.make_vaccine(diseases=[MUMPS]), make.make_vaccine(diseases=[MEASLES])
    moment = VaccineTarget.history.get(vaccine_id=other.pk).history_date
    put(logistics, vaccine, [MEASLES])
    query = f"as_of={moment.isoformat().replace('+00:00', 'Z')}"

    then = logistics.get(f"vaccines/{vaccine.public_id}?{query}").json()
    listed = logistics.get(f"vaccines?{query}").json()["results"]

    assert then["diseases"] == [MUMPS]
    assert [row["diseases"] for row in listed] == [[MUMPS], [MEASLES]]
    assert logistics.get(f"vaccines/{vaccine.public_id}").json()["diseases"] == [MEASLES]


def test_repeated_request_gets_the_diseases_of_its_own_version(logistics):
    body = {"cvx_code": "900", "short_name": "Shot", "diseases": [MEASLES]}
    first = logistics.post("vaccines", body, key="k")
    put(logistics, Vaccine.objects.get(), [MUMPS])

    again = logistics.post("vaccines", body, key="k")

    assert (again.status_code, again.content, again["ETag"]) == (201, first.content, '"1"')


@pytest.mark.parametrize("diseases", ["14189004", [None], [{}], ["x" * 19], [""], None])
def test_diseases_that_are_no_codes_are_refused(logistics, diseases):
    vaccine = make.make_vaccine(diseases=[MUMPS])

    answer = put(logistics, vaccine, diseases)

    assert answer.status_code == 422
    assert {(name or "").partition(".")[0] for name in refused_fields(answer)} == {"diseases"}
    assert [target.disease for target in vaccine.targets.all()] == [MUMPS]


def test_only_the_diseases_are_read_when_asked_for(logistics):
    vaccine = make.make_vaccine(diseases=[MUMPS])

    assert logistics.get(f"vaccines/{vaccine.public_id}?fields=diseases").json() == {
        "diseases": [MUMPS]
    }
    assert logistics.get("vaccines?fields=cvx_code").json()["results"] == [
        {"cvx_code": vaccine.cvx_code}
    ]


def test_who_may_not_change_vaccines_sets_no_diseases():
    vaccine = make.make_vaccine(diseases=[MUMPS])

    assert put(Caller(make.make_user(SALES.name)), vaccine, []).status_code == 403
    assert vaccine.targets.count() == 1


def test_vaccines_are_found_by_code_and_name(logistics):
    make.make_vaccine(cvx_code="207", short_name="COVID-19, mRNA")
    make.make_vaccine(cvx_code="20", short_name="DTaP")

    for query, codes in {"cvx_code=20": ["20"], "name=covid": ["207"], "name=mrna": []}.items():
        found = logistics.get(f"vaccines?{query}&fields=cvx_code").json()["results"]
        assert [row["cvx_code"] for row in found] == codes
