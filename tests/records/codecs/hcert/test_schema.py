"""What a certificate says, by the schema 1.3.2."""

import unicodedata
from typing import Any

import cbor2
import pytest

from records.codecs import hcert
from records.codecs.credentials import Kind, Person, StatedDose
from tests.records.codecs.hcert import codes
from tests.records.codecs.hcert.test_transport import malformed

GROUPS: dict[str, dict[str, Any]] = {"v": codes.DOSE, "t": codes.TEST, "r": codes.RECOVERY}
OPTIONAL = {("t", "ma"), ("t", "tc")}
REQUIRED = [(g, k) for g, entry in GROUPS.items() for k in entry if (g, k) not in OPTIONAL]


def stated(**members):
    return hcert.read(codes.code(codes.dcc(**members))).statement


def refused(**members):
    return malformed(codes.code(codes.dcc(**members)))


def changed(group, **members):
    return {group: [codes.without_none({**GROUPS[group], **members})]}


def test_a_vaccination():
    statement = stated()
    assert statement.kind is Kind.VACCINATION
    assert statement.identifier == "URN:UVCI:01:CZ:5D8A7F#B"
    assert statement.person == Person(
        "d'Červenková", "Jiřina", "DCERVENKOVA", "JIRINA", "1979-04-14"
    )
    assert statement.doses == (
        StatedDose(
            day="2021-06-11",
            vaccine="1119349007",
            disease="840539006",
            product="EU/1/20/1528",
            holder="ORG-100030215",
            number=2,
            series=2,
            country="CZ",
        ),
    )
    assert statement.details == (("is", "Ministry of Health"),)


def test_a_test():
    statement = stated(t=[codes.TEST])
    assert statement.kind is Kind.TEST
    assert statement.doses == ()
    assert statement.identifier == codes.TEST["ci"]
    expected = {key: value for key, value in codes.TEST.items() if key != "ci"}
    assert dict(statement.details) == expected


def test_a_recovery():
    statement = stated(r=[codes.RECOVERY])
    assert statement.kind is Kind.RECOVERY
    assert dict(statement.details)["du"] == "2021-08-28"


@pytest.mark.parametrize("empty", [None, [], cbor2.undefined])
@pytest.mark.parametrize("group", ["v", "t", "r"])
def test_other_groups_may_be_null_or_empty(group, empty):
    content = codes.dcc(**{group: [GROUPS[group]]})
    content |= {other: empty for other in GROUPS if other != group}
    assert hcert.read(codes.code(content)).statement.identifier == GROUPS[group]["ci"]


@pytest.mark.parametrize("groups", ["", "vt", "vr", "tr", "vtr"])
def test_not_exactly_one_group(groups):
    content = codes.dcc(v=None) | {group: [GROUPS[group]] for group in groups}
    assert "exactly one" in malformed(codes.code(content))


@pytest.mark.parametrize("value", [{}, "text", 1, True, codes.DOSE])
def test_a_group_that_is_no_list(value):
    assert "lists" in refused(v=value)


@pytest.mark.parametrize("value", [None, "text", 1, []])
def test_an_entry_that_is_no_map(value):
    assert "v must be a map" in refused(v=[value])


@pytest.mark.parametrize("version", ["1.3.0", "1.3.2", "1.10.0", "2.0.0"])
def test_one_event_since_version_1_3(version):
    assert "one event" in refused(ver=version, v=[codes.DOSE, codes.DOSE])


@pytest.mark.parametrize("version", ["1.0.0", "1.2.1"])
def test_several_doses_before_version_1_3(version):
    first = {**codes.DOSE, "dn": 1, "dt": "2021-05-01"}
    statement = stated(ver=version, v=[first, codes.DOSE])
    assert [dose.number for dose in statement.doses] == [1, 2]


@pytest.mark.parametrize(
    "version",
    [None, "", "1", "1.3", "1.3.0-rc", " 1.3.0", "1.3.0\n", "v1.3.0", 1.3, "1.٣.0", "9" * 5000],
)
def test_no_version(version):
    assert "ver" in refused(ver=version)


@pytest.mark.parametrize(("group", "key"), REQUIRED)
@pytest.mark.parametrize("value", [None, cbor2.undefined, [], {}, b"bytes", True])
def test_what_an_entry_must_have(group, key, value):
    assert f"{group}.{key} must" in refused(**changed(group, **{key: value}))


@pytest.mark.parametrize(("group", "key"), sorted(OPTIONAL | {("t", "nm")}))
def test_what_a_test_need_not_have(group, key):
    entry = {**codes.TEST, key: None}
    assert key not in dict(stated(t=[entry]).details)
    assert f"t.{key} must" in refused(**changed(group, **{key: 1}))


def test_the_name_of_a_test():
    assert ("nm", "Kit") in stated(**changed("t", nm="Kit", ma=None)).details


@pytest.mark.parametrize(("group", "key"), [(g, k) for g in GROUPS for k in ("is", "ci")])
def test_texts_of_80_characters_at_most(group, key):
    assert stated(**changed(group, **{key: "Ö" * 80}))
    assert "80" in refused(**changed(group, **{key: "Ö" * 81}))


def test_codes_unknown_to_any_table():
    dose = stated(**changed("v", vp="newer", mp="EU/9", ma="ORG-9", tg="1")).doses[0]
    assert (dose.vaccine, dose.product, dose.holder, dose.disease) == (
        "newer",
        "EU/9",
        "ORG-9",
        "1",
    )


@pytest.mark.parametrize("key", ["dn", "sd"])
@pytest.mark.parametrize("value", [0, -1, 0.5, 1.5, "1", float("nan"), float("inf")])
def test_counts_that_are_none(key, value):
    assert f"v.{key}" in refused(**changed("v", **{key: value}))


def test_counts_beyond_the_series():
    dose = stated(**changed("v", dn=12, sd=2)).doses[0]
    assert (dose.number, dose.series) == (12, 2)


def test_a_count_written_as_a_fraction_of_one():
    assert stated(**changed("v", dn=3.0)).doses[0].number == 3


@pytest.mark.parametrize("country", ["CZ", "GB-ENG", "UNHCR"])
def test_countries(country):
    assert stated(**changed("v", co=country)).doses[0].country == country


@pytest.mark.parametrize("country", ["", "cz", "12"])
def test_no_country(country):
    assert "v.co" in refused(**changed("v", co=country))


@pytest.mark.parametrize(
    "day", ["2021-06-11T00:00:00Z", "2021-06-11 10:00", cbor2.CBORTag(0, "2021-06-11T10:00:00Z")]
)
def test_a_day_with_a_time(day):
    assert stated(**changed("v", dt=day)).doses[0].day == "2021-06-11"


def test_a_day_with_its_tag():
    dose = stated(**changed("v", dt=cbor2.CBORTag(1004, "2021-06-11"))).doses[0]
    assert dose.day == "2021-06-11"


@pytest.mark.parametrize(
    "day",
    [
        "",
        "2021",
        "2021-06",
        "2021-02-30",
        "2021-13-01",
        "11.06.2021",
        "20210611",
        "2021-06-11Tnoon",
    ],
)
@pytest.mark.parametrize(("group", "key"), [("v", "dt"), ("r", "fr"), ("r", "df"), ("r", "du")])
def test_no_day(group, key, day):
    assert f"{group}.{key}" in refused(**changed(group, **{key: day}))


@pytest.mark.parametrize(
    "moment",
    [
        "2021-06-30T10:15:00Z",
        "2021-06-30T10:15:00.123456Z",
        "2021-06-30T10:15:00+02",
        "2021-06-30T10:15:00+0200",
        "2021-06-30t10:15:00z",
        "2021-06-30 10:15:00+02:00",
        "2021-06-30T10:15:00",
        "2021-06-30T10:15Z",
    ],
)
def test_the_moment_of_a_test(moment):
    assert dict(stated(**changed("t", sc=moment)).details)["sc"] == moment
    tagged = cbor2.CBORTag(0, moment)
    assert dict(stated(**changed("t", sc=tagged)).details)["sc"] == moment


@pytest.mark.parametrize("moment", ["", "2021-06-30", "2021-02-30T10:15:00Z", "10:15", "noon"])
def test_no_moment(moment):
    assert "t.sc" in refused(**changed("t", sc=moment))


@pytest.mark.parametrize("moment", [cbor2.CBORTag(1, 1625040900), 1625040900])
def test_a_moment_as_a_number(moment):
    assert "t.sc" in refused(**changed("t", sc=moment))


@pytest.mark.parametrize("birth", ["1979-04-14", "1979-04", "1979", "", "1900-00-00", "2099-12-31"])
def test_birth_dates(birth):
    assert stated(dob=birth).person.birth_date == birth


def test_a_birth_date_with_a_time():
    assert stated(dob="1979-04-14T00:00:00").person.birth_date == "1979-04-14"


@pytest.mark.parametrize(
    "birth",
    [
        None,
        "1879-04-14",
        "1979-4-14",
        "14.04.1979",
        "79",
        "1979-",
        1979,
        "1979-04-14-01",
        "1979-04-14Tnoon",
        "T00:00:00",
        " ",
    ],
)
def test_no_birth_date(birth):
    assert "dob" in refused(dob=birth)


def test_names_of_one_kind_only():
    assert stated(nam={"fn": "Ali", "fnt": "ALI"}).person == Person(
        "Ali", "", "ALI", "", "1979-04-14"
    )
    assert stated(nam={"gn": "Ali", "gnt": "ALI", "fn": None, "fnt": None}).person.given == "Ali"


@pytest.mark.parametrize("names", [{}, {"fn": "Ali"}, {"fn": "Ali", "gn": "Ali", "fnt": None}])
def test_no_plain_name(names):
    assert "fnt or gnt" in refused(nam=names)


@pytest.mark.parametrize("names", [None, [], "ALI", 1])
def test_no_names(names):
    assert "nam" in refused(nam=names)


@pytest.mark.parametrize("plain", ["Ali", "ALI ", "ALI-BABA", "ÁLI", "ALI\n", "A1", "A" * 81, 1])
@pytest.mark.parametrize("key", ["fnt", "gnt"])
def test_plain_names_that_are_not(key, plain):
    assert f"nam.{key}" in refused(nam={**codes.NAMES, key: plain})


@pytest.mark.parametrize("key", ["fn", "gn"])
def test_names_of_80_characters_at_most(key):
    assert stated(nam={**codes.NAMES, key: "م" * 80})
    assert f"nam.{key}" in refused(nam={**codes.NAMES, key: "م" * 81})


def test_texts_are_read_as_if_composed():
    decomposed = unicodedata.normalize("NFD", "Jiřina" * 13)
    assert len(decomposed) > 80
    assert stated(nam={**codes.NAMES, "gn": decomposed}).person.given == "Jiřina" * 13


def test_members_unknown_to_the_schema():
    content = codes.dcc(x={"deep": [1, {"a": None}]}, **changed("v", lot="AB1", dr="x"))
    assert hcert.read(codes.code(content)).statement.doses
