"""What the demo consists of. Every person, address and lot is invented.

Days are counted back from the day of seeding, so the demo is always of the last two years.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from records.models import Route, Site

HARBOUR, LINDEN, PRAIRIE = "HARBOUR", "LINDEN", "PRAIRIE"

CLINICS: tuple[dict[str, str], ...] = (
    {
        "code": HARBOUR,
        "name": "Harbour Street Clinic",
        "time_zone": "Europe/Dublin",
        "street_number": "14b",
        "street_name": "Harbour Street",
        "city": "Carrigmore",
        "state": "County Wicklow",
        "zip_code": "A99 X0X0",
        "country": "Ireland",
    },
    {
        "code": LINDEN,
        "name": "Impfzentrum Lindenhof",
        "time_zone": "Europe/Berlin",
        "street_number": "7",
        "street_name": "Lindenallee",
        "city": "Weilersbach",
        "state": "Hessen",
        "zip_code": "35999",
        "country": "Germany",
    },
    {
        "code": PRAIRIE,
        "name": "Prairie View Community Clinic",
        "time_zone": "America/Chicago",
        "street_number": "2205",
        "street_name": "County Road 9",
        "city": "Maple Hollow",
        "state": "Iowa",
        "zip_code": "50999",
        "country": "United States",
    },
)
NEW_NAME = "Harbour Health Centre"
RENAMED_DAYS_AGO = 210
STREETS = {
    HARBOUR: ("Strand Road", "Church Lane", "St. Brigid's Terrace", "Quay Row"),
    LINDEN: ("Mühlweg", "Schloßstraße", "Am Brunnen", "Gartenstraße"),
    PRAIRIE: ("Oak Avenue", "4th Street", "Old Mill Road", "Cedar Court"),
}


class Helper(NamedTuple):
    """A volunteer and where they work: clinic, first and last day as days ago (0: open)."""

    code: str
    first_name: str
    last_name: str
    birth_year: int
    assignments: tuple[tuple[str, int, int], ...]


VOLUNTEERS = (
    Helper("V-1001", "Vera", "Okonkwo", 1988, ((HARBOUR, 1100, 0), (LINDEN, 1100, 0))),
    Helper("V-1002", "Cathal", "Ó Briain", 1995, ((HARBOUR, 1000, 0),)),
    Helper("V-1003", "Anja", "Schäfer", 1979, ((LINDEN, 1000, 0),)),
    Helper("V-1004", "Marcus", "Whitfield", 1966, ((PRAIRIE, 1000, 0),)),
    Helper("V-1005", "Inês", "Carvalho", 2001, ((PRAIRIE, 900, 0), (HARBOUR, 900, 120))),
)


class Batch(NamedTuple):
    """A lot; ``expires_in`` days from today, negative for one that has expired."""

    mvx_code: str
    number: str
    cvx_code: str
    expires_in: int
    eu_product: str = ""


LOTS = {
    "covid last year": Batch("PFR", "FW1733", "309", -60, "EU/1/20/1528"),
    "covid": Batch("PFR", "FX8210", "309", 240, "EU/1/20/1528"),
    "covid moderna": Batch("MOD", "3048217", "312", 120, "EU/1/20/1507"),
    "flu last season": Batch("SEQ", "P100584", "140", -200),
    "flu": Batch("SKB", "7HX94", "140", 12),
    "mmr": Batch("MSD", "Y014832", "03", 400),
    "tdap": Batch("SKB", "AC37B", "115", 500),
    "pentacel": Batch("PMC", "UJ872AA", "120", 300),
    "pcv": Batch("PFR", "HK4417", "216", 350),
    "hpv": Batch("MSD", "X021904", "165", 600),
    "hepb recalled": Batch("SKB", "9K22D", "43", 150),
    "hepb": Batch("SKB", "9K24M", "43", 450),
    "varicella": Batch("MSD", "W041126", "21", 330),
    "zoster": Batch("SKB", "4T9G2", "187", 270),
    "menacwy": Batch("PMC", "U7301AA", "203", 380),
    "rota": Batch("SKB", "RT318", "119", 90),
}
RECALLED = "hepb recalled"
RECALLED_DAYS_AGO = 30
RECALL_REASON = "The maker found vials that had been stored too warm."

# Examples of what a site enters for itself: doses in series, minimum interval in days, and ages
# in months, from the least to below the most. What is given every year or as a booster has none.
SCHEDULES: dict[str, tuple[int | None, int, int | None, int | None]] = {
    "03": (2, 28, 12, None),
    "21": (2, 84, 12, None),
    "43": (3, 28, None, None),
    "119": (2, 28, 1, 9),
    "120": (4, 28, 1, 60),
    "165": (3, 28, 108, 552),
    "187": (2, 56, 216, None),
    "309": (None, 56, 144, None),
}
QUESTIONS = (
    (
        "Does the patient feel unwell today, or have a fever?",
        "Ask the clinician in charge whether the dose should wait.",
    ),
    (
        "Has the patient ever had a severe allergic reaction?",
        "Find out to what, and compare it with what is in this vaccine before you go on.",
    ),
    (
        "Could the patient be pregnant?",
        "Some vaccines have to wait until after the birth. Look into the leaflet of this one.",
    ),
    (
        "Does an illness or a medicine weaken the patient's defences?",
        "Live vaccines may not be suitable. Ask the clinician in charge.",
    ),
)
SCHEDULE_REASON = "Example of a schedule that a site enters for itself."


class Visit(NamedTuple):
    """One dose of a course: the lot, and between which days ago it is given."""

    lot: str
    earliest: int
    latest: int


COURSES: dict[str, tuple[Visit, ...]] = {
    "flu": (Visit("flu last season", 400, 300), Visit("flu", 70, 3)),
    "flu now": (Visit("flu", 60, 3),),
    "covid": (Visit("covid last year", 430, 330), Visit("covid", 50, 3)),
    "covid moderna": (Visit("covid moderna", 90, 3),),
    "hepatitis b": (
        Visit(RECALLED, 520, 460),
        Visit(RECALLED, 400, 340),
        Visit("hepb", 250, 190),
    ),
    "hepatitis b begun": (Visit(RECALLED, 200, 120),),
    "tetanus": (Visit("tdap", 700, 30),),
    "measles": (Visit("mmr", 720, 500), Visit("mmr", 420, 200)),
    "chickenpox": (Visit("varicella", 640, 560), Visit("varicella", 420, 340)),
    "papilloma": (Visit("hpv", 620, 560), Visit("hpv", 500, 440), Visit("hpv", 330, 280)),
    "papilloma begun": (Visit("hpv", 120, 20),),
    "meningitis": (Visit("menacwy", 600, 60),),
    "shingles": (Visit("zoster", 460, 380), Visit("zoster", 290, 230)),
    "pneumonia": (Visit("pcv", 500, 40),),
    "infant": (
        Visit("rota", 540, 530),
        Visit("pentacel", 525, 515),
        Visit("rota", 490, 480),
        Visit("pentacel", 470, 460),
        Visit("pcv", 450, 440),
        Visit("pentacel", 410, 400),
        Visit("mmr", 220, 200),
    ),
}

# From which age on (in years) a course is for somebody; the last row that fits counts.
COURSES_BY_AGE: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, ("infant",)),
    (3, ("measles", "chickenpox", "flu")),
    (11, ("papilloma", "papilloma begun", "meningitis", "tetanus", "covid moderna", "flu now")),
    (19, ("hepatitis b", "hepatitis b begun", "covid", "covid moderna", "flu", "tetanus")),
    (50, ("shingles", "pneumonia", "covid", "flu", "tetanus", "hepatitis b")),
)


class Person(NamedTuple):
    """A patient: names, gender, age in months on the day of seeding, clinic."""

    first_name: str
    last_name: str
    gender: str
    months: int
    clinic: str
    courses: tuple[str, ...] = ()


OWN_RECORD = Person(
    "Amélie", "Laurent", "female", 415, HARBOUR, ("hepatitis b", "flu", "covid", "tetanus")
)
CHILD = Person("Léo", "Laurent", "male", 20, HARBOUR, ("infant",))
TWICE = Person("Siobhán", "O'Connor", "female", 502, HARBOUR, ("flu", "tetanus"))
TWICE_AGAIN = TWICE._replace(first_name="Siobhan", last_name="OConnor", courses=("covid",))
MERGED = Person("Jürgen", "Weiß", "male", 770, LINDEN, ("shingles", "flu"))
MERGED_AWAY = MERGED._replace(first_name="Juergen", last_name="Weiss", courses=("covid",))

PEOPLE = (
    Person("José", "Núñez-Ibarra", "male", 610, HARBOUR),
    Person("Aoife", "Ní Bhriain", "female", 260, HARBOUR),
    Person("Renée", "O’Malley", "female", 855, HARBOUR),  # noqa: RUF001
    Person("Zoë", "van der Berg", "female", 149, HARBOUR, ("papilloma", "flu now")),
    Person("Thị Mai", "Nguyễn", "female", 388, HARBOUR),
    Person("Ngozi", "Adébáyọ̀", "female", 331, HARBOUR),
    Person("Liam", "Mac Giolla", "male", 61, HARBOUR),
    Person("Олена", "Шевченко", "female", 447, HARBOUR),
    Person("François", "D'Angelo", "male", 705, HARBOUR),
    Person("प्रिया", "शर्मा", "female", 298, HARBOUR),
    Person("Fatima Zahra", "el Amrani", "female", 20, HARBOUR),
    Person("Kwame", "Mensah", "male", 540, HARBOUR),
    Person("Björn", "Åkesson", "male", 812, LINDEN),
    Person("Łukasz", "Wiśniewski", "male", 372, LINDEN),
    Person("İbrahim", "Yıldız", "male", 455, LINDEN),  # noqa: RUF001
    Person("Γιώργος", "Παπαδόπουλος", "male", 688, LINDEN),
    Person("Mária", "Kováčová", "female", 176, LINDEN, ("papilloma begun", "meningitis")),
    Person("Tomáš", "Dvořák", "male", 84, LINDEN),
    Person("أحمد", "الحسن", "male", 324, LINDEN),
    Person("Hanna", "Groß", "female", 21, LINDEN),
    Person("Þóra", "Jónsdóttir", "female", 590, LINDEN),
    Person("Aleksandar", "Petrović", "male", 419, LINDEN),
    Person("Noémie", "Étienne-Roux", "female", 241, LINDEN),
    Person("נועם", "בן־דוד", "other", 352, LINDEN),
    Person("Ana María", "de la Cruz", "female", 476, PRAIRIE),
    Person("美咲", "佐藤", "female", 401, PRAIRIE),
    Person("민준", "김", "male", 283, PRAIRIE),
    Person("伟", "李", "male", 733, PRAIRIE),
    Person("Kāhu", "Te Rangi", "male", 207, PRAIRIE),
    Person("Tiago", "Conceição", "male", 158, PRAIRIE),
    Person("Olivia", "Smith-Jones", "female", 98, PRAIRIE),
    Person("Noah", "Brandt", "male", 21, PRAIRIE),
    Person("Shẹ̀gun", "Ọlátúnjí", "male", 560, PRAIRIE),
    Person("Rosalind", "Two Rivers", "female", 898, PRAIRIE),
    Person("Alex", "Quinn", "unknown", 312, PRAIRIE),
)

ROUTES: dict[str, dict[str, Any]] = {
    "119": {"route": Route.ORAL},
    "03": {"route": Route.SUBCUTANEOUS, "site": Site.LEFT_ARM},
    "21": {"route": Route.SUBCUTANEOUS, "site": Site.RIGHT_ARM},
}
INTRAMUSCULAR: dict[str, Any] = {"route": Route.INTRAMUSCULAR, "site": Site.LEFT_DELTOID}
