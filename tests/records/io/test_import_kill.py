"""An import that is killed again and again ends as one that was never disturbed."""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import dj_database_url
import pytest
from django.db import connection
from django.db.utils import ConnectionHandler

from tests.records.domain.dose_worlds import row
from tests.records.io.import_files import text_of, write_doses

ROOT = Path(__file__).resolve().parents[3]
KILLS = 20
PATIENTS = 1000
DOSES = 3000
ODD_IDS = ("None", r"\N", "a\tb", "a\nb", "x\\", "NULL", 'say "so"', "日本")
WORLD = """
from tests.records.domain.dose_worlds import make_world
make_world()
"""


@pytest.fixture
def database(tmp_path):
    """Yield the URL of an empty database of its own, and a function that asks it."""
    name = f"{connection.settings_dict['NAME']}_killed"
    if connection.vendor == "mysql":
        given = connection.settings_dict
        url = (
            f"mysql://{quote(given['USER'])}:{quote(given['PASSWORD'])}"
            f"@{given['HOST']}:{given['PORT']}/{name}"
        )
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    else:
        url = f"sqlite:///{tmp_path / 'killed.sqlite3'}"
    other = ConnectionHandler({"default": dj_database_url.parse(url)})["default"]

    def ask(sql: str) -> list[tuple]:
        with other.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    yield url, ask
    other.close()
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE `{name}`")


def manage(url: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "VAXPASS_MODE": "development"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def must(url: str, *arguments: str) -> str:
    process = manage(url, *arguments)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    return text


def consistent(ask) -> int:
    """Check that what is there is there once and as a whole; return how many doses."""
    [(doses, keys)] = ask("SELECT COUNT(*), COUNT(DISTINCT external_id) FROM records_dose")
    assert doses == keys
    [(versions,)] = ask("SELECT COUNT(*) FROM records_historicaldose")
    assert versions == doses
    for sql in (
        # A dose without its version, its event, or its patient's audit entry; a row left behind.
        "SELECT d.id FROM records_dose d LEFT JOIN records_historicaldose h"
        " ON h.id = d.id AND h.version = 1 WHERE h.id IS NULL",
        "SELECT d.id FROM records_dose d LEFT JOIN records_outboxevent e"
        " ON e.aggregate_id = d.public_id AND e.type = 'dose.recorded' WHERE e.id IS NULL",
        "SELECT d.id FROM records_dose d LEFT JOIN records_auditentry a"
        " ON a.patient_id = d.patient_id AND a.action = 'dose.imported' WHERE a.id IS NULL",
        "SELECT id FROM records_stageddose",
    ):
        assert not ask(sql)
    [(events,)] = ask("SELECT COUNT(*) FROM records_outboxevent WHERE type = 'dose.recorded'")
    assert events == doses
    return int(doses)


def written(ask) -> int:
    [(doses,)] = ask("SELECT COUNT(*) FROM records_dose")
    return int(doses)


def files(folder: Path) -> tuple[Path, Path]:
    patients = folder / "patients.csv"
    patients.write_text(
        text_of(
            "patients",
            [
                {
                    "identifier_system": "id",
                    "identifier": f"P{number}",
                    "first_name": f"Given{number}",
                    "last_name": f"Family{number}",
                    "date_of_birth": "1970-01-01",
                }
                for number in range(PATIENTS)
            ],
        )
    )
    first = dt.date(2021, 1, 1)
    rows = [
        row(
            number + 2,
            external_id=ODD_IDS[number // 400] if number % 400 == 7 else f"E{number}",
            identifier=f"P{number * 7 % PATIENTS}",
            administered_on=first + dt.timedelta(days=number // PATIENTS * 60),
        )
        for number in range(DOSES)
    ]
    return patients, write_doses(folder / "doses.csv", rows)


@pytest.mark.django_db(transaction=True)
def test_import_killed_at_random_moments_loses_and_doubles_nothing(database, tmp_path):
    url, ask = database
    patients, doses = files(tmp_path)
    for arguments in (("migrate", "-v0"), ("sync_roles",), ("shell", "-v0", "-c", WORLD)):
        must(url, *arguments)
    must(url, "import_records", str(patients), "--commit")

    moments = random.Random(20)
    chosen = ("import_records", str(doses), "--commit", "--batch=25")
    done, killed_midway = 0, 0
    for kill in range(KILLS):
        process = manage(url, *chosen)
        if kill % 2:  # while it writes, however long this machine takes to get there
            while process.poll() is None and written(ask) == done:
                time.sleep(0.005)
            time.sleep(moments.uniform(0, 0.05))
        else:  # at any moment, before the first row too
            time.sleep(moments.uniform(0, 2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before, done = done, consistent(ask)
        assert done >= before
        killed_midway += before < done < DOSES

    text = must(url, *chosen)
    assert consistent(ask) == DOSES
    assert killed_midway >= KILLS // 4, "the kills came before or after the work"
    assert f"{DOSES - done:,} new ones written, {done:,} on record already" in text
    [(numbers,)] = ask("SELECT COUNT(*) FROM records_dose WHERE dose_number NOT IN (1, 2, 3)")
    assert numbers == 0
    assert set(ODD_IDS) <= {name for (name,) in ask("SELECT external_id FROM records_dose")}
