"""The pages of Logistics: lots, recalls and notices, in numbers and without a name."""

import pytest
from django.urls import reverse

from accounts.roles import LOGISTICS
from records.domain import lots
from records.models import Lot, Notice
from tests.records import factories as make
from tests.records.domain import given

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make.make_user(LOGISTICS.name)


@pytest.fixture
def supply(client, user):
    """The client, signed in as somebody who owns supply."""
    client.force_login(user)
    return client


@pytest.fixture
def dose():
    """A dose of a lot that is in use, of a patient with an address."""
    patient = make.make_patient(
        first_name="Ximena", last_name="Quispe", email="ximena@example.org", city="Cusco"
    )
    lot = make.make_lot(number="FK2210", expires_on=make.days_ago(-300))
    return make.make_dose(patient=patient, lot=lot, clinic=make.make_clinic(name="Harbour"))


def recalled(lot, **fields):
    values = {"recalled_on": make.days_ago(0), **fields}
    return lots.recall_lot(by=make.system(), **given.of("lot", lot, **values))


def page(name, lot):
    return reverse(f"supply:{name}", args=[lot.public_id])


def shown(client, **query):
    return [lot.number for lot, _ in client.get("/supply/", query).context["rows"]]


def nobody_in(text, dose):
    patient = dose.patient
    names = (patient.first_name, patient.last_name, patient.email, patient.city)
    for secret in (*names, str(patient.public_id), str(dose.public_id)):
        assert secret not in text


def test_lots_are_on_the_shelf_of_their_state(supply):
    for number, days in (("OLD", 1), ("OLDER", 9), ("LATER", -20), ("SOON", -3), ("LONG", -99)):
        make.make_lot(number=number, expires_on=make.days_ago(days))
    recalled(make.make_lot(number="BAD", expires_on=make.days_ago(-5)))
    make.make_lot(number="OPEN")

    assert shown(supply) == ["OPEN", "LONG", "SOON", "LATER"]
    assert shown(supply, show="soon") == ["SOON", "LATER"]
    assert shown(supply, show="expired") == ["OLD", "OLDER"]
    assert shown(supply, show="recalled") == ["BAD"]
    assert len(shown(supply, show="all")) == 7
    assert shown(supply, show="nonsense") == shown(supply)


def test_lot_that_expires_today_is_in_use_and_soon_expired(supply):
    make.make_lot(number="TODAY", expires_on=make.days_ago(0))

    assert shown(supply) == shown(supply, show="soon") == ["TODAY"]
    assert shown(supply, show="expired") == []


def test_lot_is_found_by_the_beginning_of_its_number_whatever_its_state(supply):
    make.make_lot(number="FK1", expires_on=make.days_ago(9))
    make.make_lot(number="FK2")
    make.make_lot(number="XFK")

    assert shown(supply, number=" FK ") == ["FK2", "FK1"]
    assert shown(supply, number="NONE") == []


@pytest.mark.parametrize("show", ["usable", "soon"])
def test_long_list_goes_on_after_the_last_one_also_among_equal_days(supply, monkeypatch, show):
    monkeypatch.setattr("records.web.staff.SHOWN", 2)
    for number in range(7):
        make.make_lot(number=f"L{number}", expires_on=make.days_ago(-5 - number // 4))

    seen, after = [], ""
    for _ in range(5):
        answer = supply.get("/supply/", {"show": show, "after": after})
        seen += [lot.number for lot, _ in answer.context["rows"]]
        after = answer.context["more"]
        if not after:
            break

    assert sorted(seen) == [f"L{number}" for number in range(7)]
    assert supply.get("/supply/", {"after": "nonsense"}).status_code == 200


def test_lot_shows_whom_it_reached_in_numbers(supply, dose):
    make.make_dose(patient=dose.patient, lot=dose.lot, administered_on=make.days_ago(2))
    other = make.make_lot(number=dose.lot.number)  # of another manufacturer
    make.make_dose(lot=other, clinic=make.make_clinic(name="Faraway"))

    answer = supply.get(page("lot", dose.lot))
    text = answer.content.decode()

    assert "Harbour" in text
    assert "Faraway" not in text
    assert answer.context["doses"] == 2
    assert [row.day for row in answer.context["days"]] == [make.days_ago(2), make.days_ago(30)]
    nobody_in(text, dose)


def test_lot_is_recalled_after_a_look_at_whom_it_reached(supply, dose):
    form = supply.get(page("recall", dose.lot))
    assert "Harbour" in form.content.decode()
    nobody_in(form.content.decode(), dose)

    answer = supply.post(
        page("recall", dose.lot),
        {"recalled_on": make.days_ago(0), "reason": "Too warm", "version": dose.lot.version},
    )

    assert answer["Location"] == page("notices", dose.lot)
    lot = Lot.objects.get(pk=dose.lot.pk)
    assert (lot.recalled_on, lot.recall_reason) == (make.days_ago(0), "Too warm")
    assert "Too warm" in supply.get(page("lot", lot)).content.decode()


def test_recall_without_a_reason_is_not_saved(supply, dose):
    answer = supply.post(
        page("recall", dose.lot), {"recalled_on": make.days_ago(0), "version": dose.lot.version}
    )

    assert answer.context["form"].errors.keys() == {"reason"}
    assert Lot.objects.get(pk=dose.lot.pk).recalled_on is None


@pytest.mark.parametrize("act", ["recall", "lift"])
def test_act_on_what_somebody_changed_meanwhile_saves_nothing(supply, dose, act):
    seen = recalled(dose.lot)
    recalled(seen, reason="Somebody else's reason")

    answer = supply.post(
        page(act, seen),
        {"recalled_on": make.days_ago(9), "reason": "Mine", "version": seen.version},
        follow=True,
    )

    assert "Nothing of yours was saved" in answer.content.decode()
    lot = Lot.objects.get(pk=seen.pk)
    assert (lot.recall_reason, lot.recalled_on) == ("Somebody else's reason", make.days_ago(0))


def test_recall_is_lifted_with_a_reason(supply, dose):
    lot = recalled(dose.lot)

    supply.post(page("lift", lot), {"reason": "A mistake", "version": lot.version})

    assert Lot.objects.get(pk=lot.pk).recalled_on is None
    assert supply.get(page("lift", lot))["Location"] == page("lot", lot)


def test_notices_are_queued_and_their_progress_is_numbers(supply, user, dose):
    lot = recalled(dose.lot)
    make.make_dose(lot=lot, clinic=make.make_clinic(name="Hill"), confirmed=["lot_recalled_since"])

    answer = supply.post(page("notices", lot), {"message": "Call 0800 1."}, follow=True)

    text = answer.content.decode()
    assert "1 notice was queued" in text
    assert answer.context["progress"].to_call == [("Hill", 1)]
    assert "Call 0800 1." in text
    nobody_in(text, dose)
    again = supply.post(page("notices", lot), {"message": "Call 0800 1."}, follow=True)
    assert "Nobody else can be told by mail now." in again.content.decode()
    assert Notice.objects.count() == 2


def test_message_that_names_the_lot_is_shown_with_its_error(supply, dose):
    lot = recalled(dose.lot)

    answer = supply.post(page("notices", lot), {"message": "About FK2210"})

    assert answer.context["form"].errors.keys() == {"message"}
    assert not Notice.objects.exists()


def test_lot_that_is_not_recalled_offers_no_notices(supply, dose):
    assert b"Send notices</button>" not in supply.get(page("notices", dose.lot)).content

    supply.post(page("notices", dose.lot), {"message": "Hello"})
    assert not Notice.objects.exists()


def test_pages_need_few_queries_however_much_there_is(supply, dose, django_assert_max_num_queries):
    lot = recalled(dose.lot)
    for number in range(12):
        make.make_dose(
            lot=lot, administered_on=make.days_ago(number + 1), confirmed=["lot_recalled_since"]
        )
        make.make_lot()
    supply.post(page("notices", lot), {"message": "Hello"})

    for name in ("lot", "recall", "lift", "notices"):
        with django_assert_max_num_queries(10):
            assert supply.get(page(name, lot)).status_code == 200
    with django_assert_max_num_queries(8):
        assert supply.get("/supply/").status_code == 200
