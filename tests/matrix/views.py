"""Every page of the table that somebody sees: as it is opened, and each form with its errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.matrix.expect import NOBODY, Api, Page
from tests.matrix.table import PAGES
from tests.matrix.walk import Cell, address
from tests.matrix.world import World

COMMON = ("here", "own")  # cases that every kind of object has, if in sight at all
# Who looks, if several may: those first for whom the page is made.
VIEWERS = ["volunteer", "patient", "logistics", "sales", "analytics", "user_manager", "dba"]
VIEWERS += ["superuser", "no_factor", "anonymous", "no_role", "both", "off_duty"]


@dataclass(frozen=True)
class View:
    """What somebody sees: a page as it is opened, or with the errors of an empty form."""

    cell: Cell

    def path(self, world: World) -> str:
        """Return its address; what stands for every object stands for the first one."""
        cell = self.cell
        if cell.case == "*":
            cell = replace(cell, case=next(iter(world.objects[cell.page.about])))
        return address(world, cell)

    def __str__(self) -> str:
        return f"{self.cell.name} {'with errors' if self.cell.method == 'POST' else 'opened'}"


def views() -> list[View]:
    """Return every page of the table that somebody sees, and each form with its errors."""
    return [
        View(cell)
        for name, page in PAGES.items()
        if not isinstance(page, Api)
        for method in ("GET", "POST")
        if (cell := _cell(name, page, method))
    ]


def _cell(name: str, page: Page, method: str) -> Cell | None:
    """Return one way to see a page, or None if nobody is shown it."""
    if page.operation(method) is None:
        return None
    for actor in VIEWERS:
        seen = sorted(page.seen.get(actor, NOBODY), key=lambda case: case not in COMMON)
        for case in seen if page.about else [""]:
            if page.expected(actor, method, case) == 200:
                return Cell(name, page, actor, method, case)
    return None
