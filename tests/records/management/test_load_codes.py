"""The command that loads the code lists: what changes, what stays, what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.roles import LOGISTICS
from records.domain import reference
from records.io.code_entries import CvxEntry
from records.io.code_lists import read_shipped
from records.models import (
    AuditEntry,
    EuProduct,
    Manufacturer,
    OutboxEvent,
    Vaccine,
    VaccineTarget,
)
from tests.records import factories

pytestmark = pytest.mark.django_db

SHIPPED = read_shipped()
EDITION = "CDC CVX list of 2031-02-03"
UNCHANGED = (
    "vaccines: 0 added, 0 updated, 288 unchanged\n"
    "manufacturers: 0 added, 0 updated, 89 unchanged\n"
    "EU products: 0 added, 0 updated, 39 unchanged\n"
    "vaccine targets: 0 added, 0 removed, 307 unchanged\n"
)
TABLES = (Vaccine, Manufacturer, EuProduct, VaccineTarget)


@pytest.fixture(autouse=True)
def _roles() -> None:
    factories.ensure_roles()


def load(**options: object) -> str:
    out = StringIO()
    call_command("load_codes", stdout=out, **options)
    return out.getvalue()


def cvx_record(code: str, short: str, full: str, status: str, day: str) -> str:
    return (
        f"<CVXInfo><ShortDescription>{escape(short)}</ShortDescription>"
        f"<FullVaccinename>{escape(full)}</FullVaccinename><CVXCode>{code:5}</CVXCode>"
        f"<Status>{status}</Status><LastUpdated>{day}</LastUpdated></CVXInfo>"
    )


def cvx_xml(
    directory: Path,
    *,
    entries: Iterable[CvxEntry] = SHIPPED.cvx,
    short_names: dict[str, str] | None = None,
    more: dict[str, str] | None = None,
) -> Path:
    """Write the shipped list as CDC's XML, with other short names and with further codes."""
    changed = short_names or {}
    records = [
        cvx_record(
            row.code,
            changed.get(row.code, row.short_name),
            row.full_name,
            row.status,
            "2/3/2031" if row.code in changed else "5/28/2010",
        )
        for row in entries
    ]
    records += [
        cvx_record(code, name, f"{name} vaccine", "Active", "2/3/2031")
        for code, name in (more or {}).items()
    ]
    path = directory / "cvx.xml"
    path.write_text(f"<CVXCodes>{''.join(records)}</CVXCodes>", encoding="utf-8")
    return path


def groups_text(directory: Path, **groups: str) -> Path:
    """Write CDC's vaccine groups for codes given as ``cvx900="FLU"``."""
    path = directory / "groups.txt"
    lines = (f"x|{code.removeprefix('cvx')}|Active|{name}|88" for code, name in groups.items())
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def counts() -> list[int]:
    """Count what a load writes; the entries of ``sync_roles`` are not its own."""
    audited = AuditEntry.objects.exclude(subject_type__in=["role", "user"])
    return [model.objects.count() for model in (*TABLES, OutboxEvent)] + [audited.count()]


class TestFirstLoad:
    def test_loads_every_shipped_list(self):
        out = load()
        assert [model.objects.count() for model in TABLES] == [288, 89, 39, 307]
        assert "vaccines: 288 added, 0 updated, 0 unchanged" in out
        measles = Vaccine.objects.get(cvx_code="03")
        assert measles.full_name == "measles, mumps and rubella virus vaccine"
        assert {row.disease for row in measles.targets.all()} == {
            "14189004",
            "36989005",
            "36653000",
        }
        assert Manufacturer.objects.get(mvx_code="MSD").name == "Merck and Co., Inc."
        assert EuProduct.objects.get(code="EU/1/20/1528").name == "Comirnaty"

    def test_every_row_has_history_audit_and_event(self):
        load()
        for model in TABLES:
            versions = model.history.filter(version=1, history_type="+")
            assert versions.count() == model.objects.count()
            assert not versions.exclude(history_user=factories.system()).exists()
            assert not versions.filter(history_change_reason="").exists()
            name = model._meta.model_name
            assert AuditEntry.objects.filter(action=f"{name}.added").count() == versions.count()
            assert OutboxEvent.objects.filter(type=f"{name}.added").count() == versions.count()

    def test_is_a_matter_of_few_statements(self):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            load()
        assert len(queries) < 60

    def test_an_inactive_code_is_loaded_and_in_use(self):
        load()
        assert Vaccine.objects.get(cvx_code="208").retired_on is None

    def test_without_roles_says_what_to_run(self):
        factories.system().groups.clear()
        with pytest.raises(CommandError, match="run sync_roles first"):
            load()
        assert not Vaccine.objects.exists()


class TestSecondLoad:
    def test_changes_nothing(self):
        load()
        before = counts()
        assert load() == UNCHANGED
        assert counts() == before

    def test_keeps_schedule_and_address(self, tmp_path):
        load()
        logistics = factories.make_user(LOGISTICS.name)
        vaccine = Vaccine.objects.get(cvx_code="03")
        reference.correct(
            by=logistics,
            record=vaccine,
            version=1,
            reason="our schedule",
            changes={"doses_in_series": 2, "min_interval_days": 28},
        )
        maker = Manufacturer.objects.get(mvx_code="MSD")
        reference.correct(
            by=logistics, record=maker, version=1, reason="moved in", changes={"city": "Rahway"}
        )
        load(cvx=cvx_xml(tmp_path, short_names={"03": "MMR II"}))
        vaccine.refresh_from_db()
        maker.refresh_from_db()
        assert (vaccine.short_name, vaccine.version) == ("MMR II", 3)
        assert (vaccine.doses_in_series, vaccine.min_interval_days) == (2, 28)
        assert (maker.city, maker.version) == ("Rahway", 2)

    def test_keeps_a_name_that_a_person_corrected(self):
        load()
        maker = Manufacturer.objects.get(mvx_code="MSD")
        reference.correct(
            by=factories.make_user(LOGISTICS.name),
            record=maker,
            version=1,
            reason="as on our vials",
            changes={"name": "MSD"},
        )
        assert load() == UNCHANGED
        maker.refresh_from_db()
        assert maker.name == "MSD"

    def test_adopts_a_vaccine_that_the_site_entered_first(self):
        own = factories.make_vaccine(
            cvx_code="03", short_name="Measles", doses_in_series=2, diseases=[]
        )
        load()
        own.refresh_from_db()
        assert (own.short_name, own.doses_in_series) == ("MMR", 2)
        assert own.targets.count() == 3

    def test_keeps_targets_that_a_person_chose(self):
        load()
        vaccine = Vaccine.objects.get(cvx_code="03")
        chosen = {"14189004", "38907003"}
        reference.set_targets(
            by=factories.make_user(LOGISTICS.name),
            vaccine=vaccine,
            version=1,
            reason="Chosen here",
            diseases=chosen,
        )
        load()
        assert {row.disease for row in vaccine.targets.all()} == chosen


class TestUpdate:
    def test_a_changed_name_makes_a_version_with_its_reason(self, tmp_path):
        load()
        out = load(cvx=cvx_xml(tmp_path, short_names={"03": "MMR, live"}))
        assert "vaccines: 0 added, 1 updated, 287 unchanged" in out
        vaccine = Vaccine.objects.get(cvx_code="03")
        assert (vaccine.short_name, vaccine.version) == ("MMR, live", 2)
        latest = vaccine.history.get(version=2)
        assert latest.history_change_reason == EDITION
        assert latest.history_user == factories.system()
        assert vaccine.effective_from is None
        assert vaccine.history.get(version=1).short_name == "MMR"

    def test_an_older_list_does_not_bring_a_name_back(self, tmp_path):
        load()
        load(cvx=cvx_xml(tmp_path, short_names={"03": "MMR, live"}))
        assert load() == UNCHANGED
        assert Vaccine.objects.get(cvx_code="03").short_name == "MMR, live"

    def test_force_brings_it_back(self, tmp_path):
        load()
        load(cvx=cvx_xml(tmp_path, short_names={"03": "MMR, live"}))
        load(force=True)
        assert Vaccine.objects.get(cvx_code="03").short_name == "MMR"

    def test_a_code_that_is_no_longer_listed_stays(self, tmp_path):
        load()
        shorter = [row for row in SHIPPED.cvx if row.code != "03"]
        load(cvx=cvx_xml(tmp_path, entries=shorter))
        vaccine = Vaccine.objects.get(cvx_code="03")
        assert (vaccine.version, vaccine.targets.count()) == (1, 3)

    def test_a_newer_code_takes_the_diseases_of_its_group(self, tmp_path):
        load()
        files = {
            "cvx": cvx_xml(tmp_path, more={"900": "Influenza, new", "901": "Combination, new"}),
            "groups": groups_text(tmp_path, cvx900="FLU", cvx901="DTAP"),
        }
        out = load(**files)
        new = Vaccine.objects.get(cvx_code="900")
        assert [row.disease for row in new.targets.all()] == ["6142004"]
        # Not every member of DTAP is against pertussis, so a new one may be or not.
        assert "No disease is known for CVX 901." in out
        assert load() == UNCHANGED
        assert new.targets.count() == 1

    def test_a_pair_that_the_table_lost_goes(self):
        load()
        surplus = VaccineTarget.objects.get(vaccine__cvx_code="37")
        reference.set_targets(
            by=factories.system(),
            vaccine=surplus.vaccine,
            version=1,
            reason="Mistaken",
            diseases=["76902006"],
        )
        out = load()
        assert "vaccine targets: 1 added, 1 removed" in out
        latest = surplus.vaccine.history.get(version=3)
        assert latest.history_change_reason == "Vaccine targets of VaxPass"
        assert [row.disease for row in surplus.vaccine.targets.all()] == ["16541001"]


class TestRefusal:
    def test_a_list_that_shrank_sharply(self, tmp_path):
        load()
        before = counts()
        half = cvx_xml(tmp_path, entries=SHIPPED.cvx[::2], short_names={"03": "MMR, live"})
        with pytest.raises(CommandError, match=r"holds 144 vaccines, but 288 are loaded.*--force"):
            load(cvx=half)
        assert counts() == before

    def test_force_takes_the_short_list(self, tmp_path):
        load()
        first = SHIPPED.cvx[0].code
        half = cvx_xml(tmp_path, entries=SHIPPED.cvx[::2], short_names={first: "Renamed"})
        assert "vaccines: 0 added, 1 updated, 143 unchanged" in load(cvx=half, force=True)
        assert Vaccine.objects.count() == 288

    def test_a_broken_file_writes_nothing(self, tmp_path):
        path = cvx_xml(tmp_path)
        path.write_bytes(path.read_bytes()[:5000])
        with pytest.raises(CommandError, match=r"Nothing was written. cvx.xml: .*damaged or cut"):
            load(cvx=path)
        assert not any(counts())

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(CommandError, match=r"absent.xml: cannot be read"):
            load(mvx=tmp_path / "absent.xml")

    def test_a_name_too_long_for_its_column_writes_nothing(self, tmp_path):
        path = cvx_xml(tmp_path, more={"900": "n" * 201})
        with pytest.raises(CommandError, match=r"short_name: n+ \(CVX 900\): .*200 characters"):
            load(cvx=path)
        assert not any(counts())

    def test_a_failed_update_takes_the_additions_back(self, tmp_path):
        load()
        before = counts()
        path = cvx_xml(tmp_path, short_names={"03": "n" * 201}, more={"900": "New"})
        with pytest.raises(CommandError, match=r"short_name: .*200 characters"):
            load(cvx=path)
        assert counts() == before

    @pytest.mark.parametrize(
        ("line", "rule"),
        [
            ("New Vax|x|900|Merck|MSD|Active|Active|2031/02/03", "CVX 900 is not in the CVX list"),
            ("New Vax|x|03|Nobody|ZZZ|Active|Active|2031/02/03", "MVX ZZZ is not in the MVX list"),
        ],
    )
    def test_products_of_another_edition(self, tmp_path, line, rule):
        path = tmp_path / "products.txt"
        path.write_text(line, encoding="utf-8")
        with pytest.raises(CommandError, match=rf"products.txt: New Vax: {rule}"):
            load(products=path)
        assert not any(counts())


class TestDryRun:
    def test_prints_and_writes_nothing(self, tmp_path):
        load()
        before = counts()
        path = cvx_xml(tmp_path, short_names={"03": "MMR, live"}, more={"900": "New"})
        out = load(cvx=path, dry_run=True)
        assert "~ vaccines 03: short_name “MMR” becomes “MMR, live”" in out
        assert "+ vaccines 900: New" in out
        assert "vaccines: 1 added, 1 updated, 287 unchanged" in out
        assert counts() == before

    def test_on_an_empty_database_names_every_pair(self):
        out = load(dry_run=True)
        assert out.count("+ vaccine targets: CVX") == 307
        assert not any(counts())
