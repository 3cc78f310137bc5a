"""What people type: searches, choosers, filters and exports, which find only what is in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from tests.matrix.expect import AT_WORK, CARE, KEEPERS, SIGNED_IN
from tests.matrix.walk import Answer, leaks, send, taken_back
from tests.matrix.world import BORN, World

Steps = list[tuple[str, str, dict[str, Any]]]


@dataclass(frozen=True)
class Search:
    """Requests one after the other; the last answer names ``found`` to who has the operation."""

    name: str
    steps: Callable[[World], Steps]
    allowed: frozenset[str]
    found: str = "here"
    status: int = 200
    shows: tuple[str, ...] = ()
    """Words of people out of sight that the answer may show: a search elsewhere has names."""

    def __str__(self) -> str:
        return self.name


def _list(kind: str, **query: Any) -> str:
    return f"{reverse(f'admin:records_{kind}_changelist')}?{urlencode(query)}"


def _typed(kind: str) -> Search:
    return Search(
        f"{kind} list, searched for a name",
        lambda world: [("GET", _list(kind, q="Zq"), {})],
        CARE,
    )


def _by_id(kind: str) -> Search:
    def steps(world: World) -> Steps:
        return [("GET", _list(kind, q=world.objects[kind]["elsewhere"].public_id), {})]

    return Search(f"{kind} list, searched for a public id of elsewhere", steps, CARE, found="")


def _filtered(kind: str) -> Search:
    def steps(world: World) -> Steps:
        return [("GET", _list(kind, patient=world.objects["patient"]["elsewhere"].pk), {})]

    return Search(f"{kind} list, filtered by a patient of elsewhere", steps, CARE, found="")


def _exported(kind: str) -> Search:
    def steps(world: World) -> Steps:
        keys = [row.pk for row in world.objects[kind].values()]
        chosen = {"action": "export_csv", "index": "0", "_selected_action": keys}
        return [("POST", _list(kind), chosen)]

    return Search(f"{kind} export", steps, CARE)


def _chosen(kind: str, field: str) -> Search:
    query = {"app_label": "records", "model_name": kind, "field_name": field, "term": "Zq"}
    address = f"{reverse('admin:autocomplete')}?{urlencode(query)}"
    return Search(f"chooser of {kind}.{field}", lambda world: [("GET", address, {})], CARE)


def _found_in_clinic(world: World) -> Steps:
    find = reverse("clinic:find")
    return [("POST", find, {"name": "Zq"}), ("GET", find, {})]


def _elsewhere(world: World) -> Steps:
    typed = {"last_name": "zqelsewhere", "date_of_birth": BORN}
    return [("POST", reverse("clinic:elsewhere"), typed)]


def _enrolled(world: World) -> Steps:
    found = world.objects["patient"]["elsewhere"].public_id
    return [*_elsewhere(world), ("POST", reverse("clinic:enrol", args=[found]), {})]


def _enrolled_another(world: World) -> Steps:
    other = world.objects["patient"]["free"].public_id
    return [*_elsewhere(world), ("POST", reverse("clinic:enrol", args=[other]), {})]


def _look_alike(world: World) -> Steps:
    typed = {"first_name": "Zfelsewhere", "last_name": "Zqelsewhere", "date_of_birth": BORN}
    return [("POST", reverse("clinic:register"), {**typed, "gender": "unknown"})]


KINDS = ("patient", "dose", "enrolment", "patientidentifier")

SEARCHES = (
    *map(_typed, KINDS),
    *map(_by_id, KINDS),
    *(_filtered(kind) for kind in KINDS if kind != "patient"),
    *map(_exported, KINDS),
    *(_chosen(kind, "patient") for kind in ("dose", "enrolment", "patientidentifier")),
    Search("clinic's search", _found_in_clinic, AT_WORK),
    # The name and the birth date that were typed, and no more.
    Search(
        "search elsewhere",
        _elsewhere,
        AT_WORK,
        found="elsewhere",
        shows=("Zqelsewhere", "Zfelsewhere"),
    ),
    Search("enrolment of who was found", _enrolled, AT_WORK, found="", status=302),
    Search("enrolment of who was not found", _enrolled_another, AT_WORK, found="", status=404),
    Search("registration of a look-alike", _look_alike, AT_WORK, found=""),
    Search(
        "audit, searched for a name",
        lambda world: [("GET", _list("auditentry", q="Zq"), {})],
        KEEPERS | {"user_manager"},
        found="",
    ),
)


def search_faults(world: World, search: Search) -> tuple[int, list[str]]:
    """Return how many actors tried, and a line for each who found too much or too little."""
    actors = sorted(SIGNED_IN)
    return len(actors), [fault for actor in actors for fault in _faults(world, search, actor)]


def _faults(world: World, search: Search, actor: str) -> Iterator[str]:
    answer = _last(world, search, actor)
    status = search.status if actor in search.allowed else 403
    if answer.status != status:
        yield f"{actor}: {search}: {answer.status} instead of {status}"
    asked = _asked(world, search) if actor in search.allowed else ""
    for leak in leaks(world, actor, answer):
        if leak.split()[1] not in asked:
            yield f"{actor}: {search}: {leak}"
    words = world.marks.get(search.found, set())
    if answer.status == 200 and words and not any(word in answer.text for word in words):
        yield f"{actor}: {search}: finds nobody"


def _asked(world: World, search: Search) -> str:
    """Return what may stand in the answer because it was sent, or is what the search is for."""
    sent = [f"{path} {data}" for _method, path, data in search.steps(world)]
    if search.shows:
        sent += [*search.shows, str(world.objects["patient"]["elsewhere"].public_id)]
    return " ".join(sent)


def _last(world: World, search: Search, actor: str) -> Answer:
    with taken_back():
        for method, path, data in search.steps(world):
            answer = send(world, actor, method, path, data, keep=True)
    return answer
