"""Make the demo's records through the domain functions, each by whoever would do it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.demo import content
from accounts.demo.content import Person, Visit
from accounts.demo.logins import DOMAIN, Login
from accounts.models import User
from accounts.roles import DBA, LOGISTICS, PATIENT, SALES, VOLUNTEER
from records import access
from records.domain import (
    checkins,
    doses,
    grants,
    lots,
    merges,
    patients,
    reference,
    screening,
    volunteers,
)
from records.models import (
    Clinic,
    Dose,
    DoseStatus,
    EuProduct,
    GrantTemplate,
    Lot,
    Manufacturer,
    Patient,
    PatientIdentifier,
    Vaccine,
    Volunteer,
)

NUMBERS = f"https://{DOMAIN}/patient-number"
INSURANCE = f"https://{DOMAIN}/insurance"
SEED = 20

Period = tuple[dt.date, dt.date | None]


@dataclass(slots=True)
class Demo:
    """What has been made so far; ``chance`` is seeded, so that every demo is the same."""

    logins: dict[str, Login]
    system: User
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311
    clinics: dict[str, Clinic] = field(default_factory=dict)
    staff: dict[str, list[tuple[Volunteer, Period]]] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    patients: list[Patient] = field(default_factory=list)

    def user(self, role: str) -> User:
        """Return the demo account of a role."""
        return self.logins[role].user

    def recorder(self, clinic: str) -> User:
        """Return who enters doses at a clinic: the volunteer where assigned, else the DBA."""
        here = any(row.user_id is not None for row, _ in self.staff[clinic])
        return self.user(VOLUNTEER.name if here else DBA.name)

    def day(self, clinic: str, days_ago: int) -> dt.date:
        """Return a day before today on the clinic's own calendar."""
        return self.clinics[clinic].today() - dt.timedelta(days=days_ago)


def exists(system: User) -> bool:
    """Tell whether the demo has been made; everything is made in one transaction."""
    return access.visible_to(system, PatientIdentifier).filter(system=NUMBERS).exists()


def build(logins: dict[str, Login], system: User) -> Demo:
    """Make the whole demo and return it; the caller holds the transaction.

    Raises ``DoesNotExist`` of Vaccine, Manufacturer or EuProduct before ``load_codes`` has run.
    """
    demo = Demo(logins, system)
    _open_clinics(demo)
    _assign_volunteers(demo)
    _enter_schedules(demo)
    _receive_lots(demo)
    for person in content.PEOPLE:
        _live(demo, person)
    _give_own_record(demo)
    _tell_stories(demo)
    _duplicate(demo)
    _recall(demo)
    _open_the_day(demo)
    return demo


def _open_clinics(demo: Demo) -> None:
    """Open the clinics; one has been renamed since."""
    for fields in content.CLINICS:
        demo.clinics[fields["code"]] = reference.add_clinic(by=demo.system, **fields)
    renamed = demo.clinics[content.HARBOUR]
    demo.clinics[content.HARBOUR] = reference.change(
        by=demo.user(SALES.name),
        record=renamed,
        version=renamed.version,
        reason="The clinic took a new name.",
        effective_from=demo.day(content.HARBOUR, content.RENAMED_DAYS_AGO),
        changes={"name": content.NEW_NAME},
    )


def _assign_volunteers(demo: Demo) -> None:
    """Add the volunteers; the first one signs in with the volunteer's account."""
    account: User | None = demo.user(VOLUNTEER.name)
    for helper in content.VOLUNTEERS:
        volunteer = volunteers.add_volunteer(
            by=demo.system,
            user=account,
            code=helper.code,
            first_name=helper.first_name,
            last_name=helper.last_name,
            birth_year=helper.birth_year,
        )
        account = None
        for code, first, last in helper.assignments:
            starts_on = demo.day(code, first)
            ends_on = demo.day(code, last) if last else None
            volunteers.assign_volunteer(
                by=demo.system,
                volunteer=volunteer,
                clinic=demo.clinics[code],
                starts_on=starts_on,
                ends_on=ends_on,
            )
            demo.staff.setdefault(code, []).append((volunteer, (starts_on, ends_on)))


def _enter_schedules(demo: Demo) -> None:
    """Enter schedules for common vaccines that have none yet."""
    for code, schedule in content.SCHEDULES.items():
        vaccine = Vaccine.objects.get(cvx_code=code)
        if all(getattr(vaccine, name) is None for name in reference.SCHEDULE):
            reference.correct(
                by=demo.user(LOGISTICS.name),
                record=vaccine,
                version=vaccine.version,
                reason=content.SCHEDULE_REASON,
                changes=dict(zip(reference.SCHEDULE, schedule, strict=True)),
            )


def _receive_lots(demo: Demo) -> None:
    """Receive every lot, expired ones too: they were good when their doses were given."""
    today = demo.day(content.HARBOUR, 0)
    for name, batch in content.LOTS.items():
        demo.lots[name] = lots.receive_lot(
            by=demo.user(LOGISTICS.name),
            manufacturer=Manufacturer.objects.get(mvx_code=batch.mvx_code),
            number=batch.number,
            vaccine=Vaccine.objects.get(cvx_code=batch.cvx_code),
            expires_on=today + dt.timedelta(days=batch.expires_in),
            eu_product=(EuProduct.objects.get(code=batch.eu_product) if batch.eu_product else None),
        )


def _live(demo: Demo, person: Person) -> tuple[Patient, list[Dose]]:
    """Register a person, enrol them, and give them the doses of their courses."""
    patient = _register(demo, person)
    given = []
    for course in person.courses or _choose_courses(demo, person):
        for visit in content.COURSES[course]:
            given.append(_vaccinate(demo, patient, person.clinic, visit))
    return patient, given


def _register(demo: Demo, person: Person) -> Patient:
    number = len(demo.patients) + 1
    born = demo.day(person.clinic, round(person.months * 30.44))
    home = demo.clinics[person.clinic]
    chance = demo.chance
    identifiers = [(NUMBERS, f"P-{number:04d}")]
    if number % 3 == 0:
        identifiers.append((INSURANCE, f"{chance.randrange(10**9, 10**10)}"))
    patient = patients.register_patient(
        by=demo.system,
        identifiers=identifiers,
        # Whoever has an account for a record has shown a clinic who they are.
        identity_confirmed=number % 4 != 0 or person in (content.OWN_RECORD, content.CHILD),
        first_name=person.first_name,
        last_name=person.last_name,
        date_of_birth=born,
        gender=person.gender,
        street_number=str(chance.randrange(1, 120)),
        street_name=chance.choice(content.STREETS[person.clinic]),
        city=home.city,
        state=home.state,
        zip_code=home.zip_code,
        country=home.country,
        email=f"person{number:02d}@{DOMAIN}" if number % 2 else "",
    )
    first_visit = max(born, demo.day(person.clinic, chance.randrange(740, 900)))
    patients.enrol_patient(by=demo.system, patient=patient, clinic=home, starts_on=first_visit)
    demo.patients.append(patient)
    return patient


def _choose_courses(demo: Demo, person: Person) -> Iterator[str]:
    """Choose some courses that suit the person's age, never two of one kind."""
    suiting = [rows for years, rows in content.COURSES_BY_AGE if person.months >= years * 12][-1]
    kinds: set[str] = set()
    for course in demo.chance.sample(suiting, min(len(suiting), demo.chance.randint(2, 4))):
        kind = course.split()[0]
        if kind not in kinds:
            kinds.add(kind)
            yield course


def _vaccinate(demo: Demo, patient: Patient, clinic: str, visit: Visit) -> Dose:
    """Give one dose at a clinic, by somebody who worked there on that day."""
    lot = demo.lots[visit.lot]
    day = demo.day(clinic, demo.chance.randint(visit.latest, visit.earliest))
    how = content.ROUTES.get(lot.vaccine.cvx_code, content.INTRAMUSCULAR)
    return doses.record_dose(
        by=demo.recorder(clinic),
        patient=patient,
        lot=lot,
        clinic=demo.clinics[clinic],
        volunteer=_somebody(demo, clinic, day),
        administered_on=day,
        **how,
    )


def _somebody(demo: Demo, clinic: str, day: dt.date) -> Volunteer:
    at_work = [
        volunteer
        for volunteer, (starts_on, ends_on) in demo.staff[clinic]
        if starts_on <= day and (ends_on is None or ends_on >= day)
    ]
    return demo.chance.choice(at_work)


def _give_own_record(demo: Demo) -> None:
    """Let the patient account see its own record and, as a guardian, a child's."""
    account = demo.user(PATIENT.name)
    for person, template in (
        (content.OWN_RECORD, GrantTemplate.SELF),
        (content.CHILD, GrantTemplate.GUARDIAN),
    ):
        patient, _ = _live(demo, person)
        grants.grant_access(by=demo.system, user=account, patient=patient, template=template)
        if template == GrantTemplate.SELF:
            doses.record_dose(
                by=demo.user(DBA.name),
                patient=patient,
                vaccine=Vaccine.objects.get(cvx_code="37"),
                administered_on=demo.day(person.clinic, 650),
                primary_source=False,
            )


def _tell_stories(demo: Demo) -> None:
    """Correct one dose, void one, note one that was not given, and give two today."""
    amended, voided, declined, *today = demo.patients[:5]
    volunteer, clinic = demo.user(VOLUNTEER.name), content.HARBOUR
    visit = Visit("menacwy", 20, 20)
    dose = _vaccinate(demo, amended, clinic, visit)
    doses.amend_dose(
        by=volunteer,
        dose=dose,
        version=dose.version,
        reason="The day was misread on the paper list.",
        changes={"administered_on": demo.day(clinic, 21), "site": "RD"},
    )
    dose = _vaccinate(demo, voided, clinic, visit)
    doses.void_dose(
        by=volunteer,
        dose=dose,
        version=dose.version,
        reason="Entered for the wrong patient.",
    )
    doses.record_dose(
        by=volunteer,
        patient=declined,
        vaccine=demo.lots["flu"].vaccine,
        clinic=demo.clinics[clinic],
        volunteer=_somebody(demo, clinic, demo.day(clinic, 8)),
        administered_on=demo.day(clinic, 8),
        status=DoseStatus.NOT_DONE,
        status_reason="The patient had a fever; asked to come back.",
    )
    for patient in today:
        _vaccinate(demo, patient, clinic, Visit("menacwy", 0, 0))


def _duplicate(demo: Demo) -> None:
    """Register two people twice: one pair is still open, the other has been merged."""
    _live(demo, content.TWICE)
    _live(demo, content.TWICE_AGAIN)
    survivor, _ = _live(demo, content.MERGED)
    duplicate, _ = _live(demo, content.MERGED_AWAY)
    merges.merge_patients(
        by=demo.user(DBA.name),
        survivor=survivor,
        duplicate=duplicate,
        version=duplicate.version,
        reason="One person, spelled in two ways; confirmed by telephone.",
    )


def _recall(demo: Demo) -> None:
    """Recall a lot from which doses were given."""
    lot = demo.lots[content.RECALLED]
    lots.recall_lot(
        by=demo.user(LOGISTICS.name),
        lot=lot,
        version=lot.version,
        recalled_on=demo.day(content.HARBOUR, content.RECALLED_DAYS_AGO),
        reason=content.RECALL_REASON,
    )


def _open_the_day(demo: Demo) -> None:
    """Enter what is asked before a dose, and let three patients wait."""
    for position, (text, note) in enumerate(content.QUESTIONS, start=1):
        fields = {"text": text, "note": note, "position": position}
        screening.add_question(by=demo.user(DBA.name), **fields)
    for patient in demo.patients[:3]:
        clinic = demo.clinics[content.HARBOUR]
        checkins.check_in(by=demo.user(VOLUNTEER.name), patient=patient, clinic=clinic)
