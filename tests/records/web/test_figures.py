"""The pages of Analytics: charts, tables and a file, from which nothing can be computed back."""

import csv
import datetime as dt
import re
from io import StringIO

import pytest

from accounts.roles import ANALYTICS
from records.models import AuditEntry
from records.web import charts
from records.web.charts import Value
from tests.records import factories as make
from tests.records.domain.test_figures import give

pytestmark = pytest.mark.django_db
FILE = "/figures/coverage.csv"


@pytest.fixture
def user():
    return make.make_user(ANALYTICS.name)


@pytest.fixture
def analytics(client, user):
    """The client, signed in as somebody who reads figures."""
    client.force_login(user)
    return client


@pytest.fixture
def world():
    """Seven doses of one vaccine at one clinic, four at another, six of another vaccine."""
    big, small = make.make_clinic(name="Big", code="BIG"), make.make_clinic(name="=S", code="S")
    first = make.make_lot(vaccine=make.make_vaccine(cvx_code="901", short_name="First"))
    second = make.make_lot(vaccine=make.make_vaccine(cvx_code="902", short_name="Second"))
    return [
        *give(7, lot=first, clinic=big),
        *give(4, lot=first, clinic=small),
        *give(6, lot=second, clinic=big, day=dt.date(2025, 5, 2)),
    ]


def table(answer, name):
    """Return a table of the page as label and words."""
    [values] = [found for chart, _, found in answer.context["sections"] if chart.name == name]
    return {value.label: value.words for value in values if value.words != "0"}


def lines(client, **query):
    answer = client.get(FILE, query)
    return list(csv.DictReader(StringIO(answer.content.decode())))


def test_tables_sum_what_is_shown_and_say_where_small_groups_are_missing(analytics, world):
    answer = analytics.get("/figures/", {"year": "2025"})

    assert table(answer, "months") == {"March": "7 and small groups", "May": "6"}
    assert table(answer, "vaccines") == {
        "First (CVX 901)": "7 and small groups",
        "Second (CVX 902)": "6",
    }
    assert table(answer, "clinics") == {"Big": "13", "=S": "small groups only"}


def test_page_and_file_name_nobody(analytics, world):
    text = analytics.get("/figures/", {"year": "2025"}).content.decode()
    text += analytics.get(FILE, {"year": "2025"}).content.decode()

    for dose in world:
        for secret in (dose.patient.last_name, dose.patient.public_id, dose.public_id):
            assert str(secret) not in text


@pytest.mark.parametrize(
    "query", [{"clinic": "S"}, {"vaccine": "901"}, {"clinic": "S", "vaccine": "901"}]
)
def test_no_choice_brings_a_small_group_back(analytics, world, query):
    answer = analytics.get("/figures/", {"year": "2025", **query})

    shown = {
        words
        for chart, _, found in answer.context["sections"]
        for words in table(answer, chart.name).values()
    }
    assert shown <= {"7 and small groups", "7", "small groups only"}
    # Neither the four doses nor the eleven, from which the four would follow.
    assert {row["doses"] for row in lines(analytics, year="2025", **query)} <= {"<5", "7"}
    assert not re.search(r">\s*(4|11)\+?\s*<", answer.content.decode())


def test_page_is_narrowed_to_a_clinic_and_a_vaccine(analytics, world):
    answer = analytics.get("/figures/", {"year": "2025", "clinic": "BIG", "vaccine": "902"})

    assert [(row.clinic_code, row.cvx_code, row.doses) for row in answer.context["rows"]] == [
        ("BIG", "902", 6)
    ]
    # What else there is can still be chosen.
    assert 'value="S"' in answer.content.decode()
    assert f"{FILE}?year=2025&amp;clinic=BIG&amp;vaccine=902" in answer.content.decode()


def test_file_holds_what_the_page_shows_and_is_audited(analytics, user, world):
    rows = lines(analytics, year="2025")

    assert sorted((row["month"], row["clinic"], row["cvx_code"], row["doses"]) for row in rows) == [
        ("2025-03", "'=S", "901", "<5"),
        ("2025-03", "Big", "901", "7"),
        ("2025-05", "Big", "902", "6"),
    ]
    entry = AuditEntry.objects.get(action="coverage.exported")
    assert (entry.actor, entry.channel) == (user, "web")
    assert len(lines(analytics, year="2025", clinic="BIG")) == 2


def test_chart_says_that_its_table_has_more(analytics, world):
    words = "The chart has the first 12; the table has all 13."
    assert words not in analytics.get("/figures/", {"year": "2025"}).content.decode()
    clinic = make.make_clinic()
    for code in range(910, 921):
        vaccine = make.make_vaccine(cvx_code=str(code), short_name=f"Vaccine {code}")
        give(6, lot=make.make_lot(vaccine=vaccine), clinic=clinic)
    assert words in analytics.get("/figures/", {"year": "2025"}).content.decode()


def test_charts_can_be_read_without_seeing_them_and_without_colours(analytics, world):
    text = analytics.get("/figures/", {"year": "2025"}).content.decode()

    pictures = re.findall(r"<svg class=\"chart.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        title, description = re.search(r'aria-labelledby="(\S+) (\S+)"', picture).groups()
        assert f'<title id="{title}">' in picture
        assert f'<desc id="{description}">In 2025, the most doses:' in picture
        assert ">7+</text>" in picture or ">13</text>" in picture
        assert "style=" not in picture
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_bars_are_as_long_as_their_numbers_say():
    values = [Value(name, number, "", "") for name, number in (("a", 10), ("b", 5), ("c", 0))]

    upright = [bar.height for bar in charts.columns("n", "t", "d", values).bars]
    lying = [bar.width for bar in charts.rows("n", "t", "d", values).bars]

    for lengths in (upright, lying):
        assert lengths[0] == 2 * lengths[1] > 0
        assert lengths[2] == 0
    assert charts.columns("n", "t", "d", []).bars == []


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1999, "1.9k"), (12999, "12k"), (999_999, "999k"), (2_500_000, "2M")],
)
def test_numbers_on_narrow_bars_are_short(number, text):
    assert charts.compact(number) == text


def test_year_without_doses_says_so(analytics, world):
    answer = analytics.get("/figures/", {"year": "2019"})

    assert "No doses" in answer.content.decode()
    assert analytics.get("/figures/").context["year"] == dt.datetime.now(dt.UTC).year


@pytest.mark.parametrize("year", ["x", "0", "99999"])
def test_a_year_that_is_none_is_refused(analytics, year):
    assert analytics.get("/figures/", {"year": year}).status_code == 400
    assert analytics.get(FILE, {"year": year}).status_code == 400
    assert not AuditEntry.objects.filter(action="coverage.exported").exists()


def test_page_needs_few_queries(analytics, world, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert analytics.get("/figures/", {"year": "2025"}).status_code == 200
