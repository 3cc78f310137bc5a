"""The pages of Sales: clinics, and who works there now and next."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.roles import SALES
from records.domain import reference, volunteers
from records.models import Assignment, Clinic
from tests.records import factories as make
from tests.records.domain import given

pytestmark = pytest.mark.django_db
FIELDS = {"code": "HILL", "name": "Hill Clinic", "time_zone": "Europe/Vienna", "city": "Graz"}


@pytest.fixture
def user():
    return make.make_user(SALES.name)


@pytest.fixture
def sales(client, user):
    """The client, signed in as somebody who looks after clinics."""
    client.force_login(user)
    return client


@pytest.fixture
def clinic():
    return make.make_clinic(name="Harbour Clinic", code="HARBOUR")


def page(name, *records):
    return reverse(f"relations:{name}", args=[record.public_id for record in records])


def listed(client, **query):
    rows = client.get("/relations/", query).context["rows"]
    return [(clinic.name, now, later) for clinic, now, later in rows]


def test_list_counts_who_works_there_now_and_later(sales, clinic):
    other = make.make_clinic(name="Annex")
    twice, ended, today = make.make_volunteer(clinic), make.make_volunteer(), make.make_volunteer()
    make.make_assignment(ended, clinic, ends_on=make.days_ago(1))
    make.make_assignment(today, clinic, starts_on=make.days_ago(9), ends_on=make.days_ago(0))
    make.make_assignment(today, clinic, starts_on=make.days_ago(-4), ends_on=make.days_ago(-5))
    make.make_assignment(twice, other, starts_on=make.days_ago(-1))

    assert listed(sales) == [("Annex", 0, 1), ("Harbour Clinic", 2, 1)]


def test_now_is_what_the_clinics_calendar_says(sales, clinic, monkeypatch):
    far = make.make_clinic(name="Kiritimati", time_zone="Pacific/Kiritimati")
    for each in (clinic, far):
        make.make_assignment(make.make_volunteer(), each, starts_on=dt.date(2030, 5, 2))
    noon = dt.datetime(2030, 5, 1, 12, 0, tzinfo=dt.UTC)
    # Already the next day in Kiritimati, 14 hours ahead.
    monkeypatch.setattr(
        Clinic,
        "today",
        lambda self: (noon + dt.timedelta(hours=14 if self.pk == far.pk else 0)).date(),
    )

    assert listed(sales) == [("Harbour Clinic", 0, 1), ("Kiritimati", 1, 0)]


def test_retired_clinics_stand_apart_and_names_are_found(sales, clinic):
    gone = make.make_clinic(name="Gone", code="GONE")
    reference.retire(by=make.system(), **given.of("record", gone, retired_on=make.days_ago(1)))
    make.make_clinic(name="Hill", code="H2")

    assert [name for name, *_ in listed(sales)] == ["Harbour Clinic", "Hill"]
    assert [name for name, *_ in listed(sales, retired="1")] == ["Gone"]
    assert [name for name, *_ in listed(sales, words="harb")] == ["Harbour Clinic"]
    assert [name for name, *_ in listed(sales, words="H2")] == ["Hill"]


def test_clinic_is_added(sales):
    answer = sales.post(page("add"), FIELDS)

    clinic = Clinic.objects.get(code="HILL")
    assert (clinic.name, clinic.city, clinic.time_zone) == ("Hill Clinic", "Graz", "Europe/Vienna")
    assert answer["Location"] == page("clinic", clinic)


def test_taken_code_is_shown_at_its_field(sales, clinic):
    answer = sales.post(page("add"), {**FIELDS, "code": clinic.code})

    assert answer.context["form"].errors.keys() == {"code"}


def test_typing_error_is_corrected_without_a_day(sales, clinic):
    fields = {"kind": "corrected", "reason": "Typing error", "version": clinic.version}
    sales.post(page("edit", clinic), {**FIELDS, **fields, "code": clinic.code})

    saved = Clinic.objects.get(pk=clinic.pk)
    assert (saved.name, saved.effective_from) == ("Hill Clinic", None)


def test_change_outside_asks_for_its_day_and_keeps_what_was(sales, clinic):
    fields = {**FIELDS, "code": clinic.code, "kind": "changed", "reason": "Moved"}
    fields["version"] = clinic.version

    asked = sales.post(page("edit", clinic), fields)
    assert asked.context["form"].errors.keys() == {"effective_from"}
    sales.post(page("edit", clinic), {**fields, "effective_from": make.days_ago(2)})

    saved = Clinic.objects.get(pk=clinic.pk)
    assert (saved.name, saved.effective_from) == ("Hill Clinic", make.days_ago(2))
    assert clinic.history.filter(name="Harbour Clinic").exists()


def test_edit_of_what_somebody_changed_meanwhile_saves_nothing(sales, clinic):
    reference.correct(by=make.system(), **given.of("record", clinic, changes={"name": "Theirs"}))
    fields = {"kind": "corrected", "reason": "Mine", "version": clinic.version}

    answer = sales.post(page("edit", clinic), {**FIELDS, **fields}, follow=True)

    assert "Nothing of yours was saved" in answer.content.decode()
    assert Clinic.objects.get(pk=clinic.pk).name == "Theirs"


def test_clinic_is_retired_and_used_again(sales, clinic):
    make.make_volunteer(clinic)
    assert "1 volunteer is assigned here" in sales.get(page("retire", clinic)).content.decode()

    sales.post(
        page("retire", clinic),
        {"retired_on": make.days_ago(0), "reason": "Closed", "version": clinic.version},
    )
    retired = Clinic.objects.get(pk=clinic.pk)
    assert retired.retired_on == make.days_ago(0)
    assert page("find_volunteer", clinic) not in sales.get(page("clinic", clinic)).content.decode()

    sales.post(page("reinstate", clinic), {"reason": "Open again", "version": retired.version})
    assert Clinic.objects.get(pk=clinic.pk).retired_on is None


def test_volunteer_is_found_without_a_name_in_the_address_and_assigned(sales, clinic):
    volunteer = make.make_volunteer(last_name="Okonkwo", code="V7")
    make.make_volunteer(last_name="Novak")
    find = page("find_volunteer", clinic)

    for words in ("okon", "V7"):
        answer = sales.post(find, {"words": words})
        assert answer.context["found"] == [volunteer]
        assert page("assign", clinic, volunteer) in answer.content.decode()
    assert sales.get(find, {"words": "okon"}).context.get("found") is None
    sales.post(page("assign", clinic, volunteer), {"starts_on": make.days_ago(0)})

    assignment = Assignment.objects.get(volunteer=volunteer)
    assert (assignment.clinic, assignment.ends_on) == (clinic, None)


def test_overlapping_assignment_is_refused_at_its_field(sales, clinic):
    volunteer = make.make_volunteer(clinic)

    answer = sales.post(page("assign", clinic, volunteer), {"starts_on": make.days_ago(0)})

    assert answer.context["form"].errors.keys() == {"starts_on"}


def test_assignment_ends(sales, clinic):
    assignment = make.make_assignment(make.make_volunteer(), clinic)

    answer = sales.post(
        page("end", assignment), {"ends_on": make.days_ago(1), "version": assignment.version}
    )

    assert answer["Location"] == page("clinic", clinic)
    assert Assignment.objects.get(pk=assignment.pk).ends_on == make.days_ago(1)
    assert sales.get(page("clinic", clinic)).context["staffing"].now == []


def test_nobody_changes_their_own_assignments(sales, user, clinic):
    own = make.make_volunteer(clinic, user=user, last_name="Own")
    assignment = own.assignments.get()

    assert page("end", assignment) not in sales.get(page("clinic", clinic)).content.decode()
    found = sales.post(page("find_volunteer", clinic), {"words": "Own"}).content.decode()
    assert page("assign", clinic, own) not in found
    ended = {"ends_on": make.days_ago(0), "version": assignment.version}
    assert sales.post(page("end", assignment), ended).status_code == 403
    other = make.make_clinic()
    begun = sales.post(page("assign", other, own), {"starts_on": make.days_ago(0)})
    assert begun.status_code == 403


def test_long_list_goes_on(sales, monkeypatch):
    monkeypatch.setattr("records.web.staff.SHOWN", 2)
    for number in range(5):
        make.make_clinic(name="Same name" if number < 3 else f"Other {number}")

    seen, after = [], ""
    for _ in range(4):
        answer = sales.get("/relations/", {"after": after})
        seen += [clinic.pk for clinic, *_ in answer.context["rows"]]
        after = answer.context["more"]
        if not after:
            break

    assert sorted(seen) == sorted(Clinic.objects.values_list("pk", flat=True))


def test_pages_need_few_queries_however_much_there_is(sales, clinic, django_assert_max_num_queries):
    for _ in range(8):
        make.make_volunteer(clinic, make.make_clinic())
    volunteer = volunteers.Volunteer.objects.first()
    assignment = clinic.assignments.first()

    addresses = ["/relations/", page("add"), page("end", assignment)]
    addresses += [page(name, clinic) for name in ("clinic", "edit", "retire", "find_volunteer")]
    for address in [*addresses, page("assign", clinic, volunteer)]:
        with django_assert_max_num_queries(8):
            assert sales.get(address).status_code == 200
