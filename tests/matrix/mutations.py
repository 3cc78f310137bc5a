"""Rules taken away, one at a time; the matrix must notice each.

A mutation patches the running program, and names the part of the matrix that it can touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.test import override_settings

from accounts.models import User
from records import access
from records import sight as sight_cache
from tests.matrix.operations import all_faults, reach_faults
from tests.matrix.searches import SEARCHES, search_faults
from tests.matrix.sight import sight_faults
from tests.matrix.table import PAGES
from tests.matrix.walk import taken_back, walk
from tests.matrix.world import World
from tests.records.domain.operations import OPERATIONS

Look = Callable[[World], Iterator[str]]
Change = Callable[[World], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Mutation:
    """A rule taken away by ``change``, and where the matrix ``look``s for it."""

    name: str
    change: Change
    looks: tuple[Look, ...]

    def __str__(self) -> str:
        return self.name

    def is_caught(self, world: World) -> bool:
        """Tell whether any cell that the mutation can touch fails under it."""
        with taken_back(), compiled_anew(), self.change(world):
            return any(next(look(world), None) is not None for look in self.looks)


@contextmanager
def compiled_anew() -> Iterator[None]:
    """Forget the statements that were compiled by the rules of outside, and then those of within.

    A rule is code, and code does not change while the program runs.
    """
    sight_cache._compiled.cache_clear()
    try:
        yield
    finally:
        sight_cache._compiled.cache_clear()


# ---------------------------------------------------------------------------- Where it is seen


def pages(*names: str) -> Look:
    """Look at these pages."""

    def look(world: World) -> Iterator[str]:
        for name in names:
            for found in walk(world, name, PAGES[name]):
                yield from found

    return look


def sight(*kinds: type[Any]) -> Look:
    """Look at what everybody has in sight."""

    def look(world: World) -> Iterator[str]:
        for kind in kinds:
            yield from sight_faults(world, kind)

    return look


def writes(*names: str) -> Look:
    """Look at these writes."""
    chosen = tuple(each for each in OPERATIONS if each.function.__name__ in names)
    assert chosen, names
    return lambda world: all_faults(world, chosen)


def reach(name: str) -> Look:
    """Look at what is out of a volunteer's reach."""
    return lambda world: iter(reach_faults(world, name))


def searches(name: str) -> Look:
    """Look at a search."""
    [search] = [search for search in SEARCHES if search.name == name]
    return lambda world: iter(search_faults(world, search)[1])


# ------------------------------------------------------------------------------ How it is gone


def replaced(target: Any, name: str, value: Any) -> Change:
    """Put another value in the place of an attribute."""
    return lambda _world: patch.object(target, name, value)


def yes(*_args: Any, **_kwargs: Any) -> bool:
    """Let everybody."""
    return True


def no(*_args: Any, **_kwargs: Any) -> bool:
    """Ask nobody."""
    return False


def everything(_user: Any, rows: Any) -> Any:
    """Show all rows."""
    return rows


def visible(model: Any) -> Change:
    """Show all rows of a model to everybody."""
    return lambda _world: patch.dict(access.RULES, {model: everything})


def without_permission(codename: str) -> Change:
    """Let ``require`` not ask for this permission."""

    def require(by: Any, permission: str, *objects: Any, at: Any = None) -> None:
        if permission != codename:
            return plain(by, permission, *objects, at=at)
        if by is None or not by.is_active:
            raise PermissionDenied
        for item in objects:
            if not access.visible_to(by, type(item)).filter(pk=item.pk).exists():
                raise access.OutOfSight
        return None

    plain = access.require
    return replaced(access, "require", require)


def without_sight(codename: str) -> Change:
    """Let ``require`` not look whether the objects are in sight."""
    plain = access.require

    def require(by: Any, permission: str, *objects: Any, at: Any = None) -> None:
        plain(by, permission, *(() if permission == codename else objects), at=at)

    return replaced(access, "require", require)


def without_clinic(codename: str) -> Change:
    """Let ``require`` not look whether somebody works at the clinic."""
    plain = access.require

    def require(by: Any, permission: str, *objects: Any, at: Any = None) -> None:
        plain(by, permission, *objects, at=None if permission == codename else at)

    return replaced(access, "require", require)


def anybody_has(permission: str) -> Change:
    """Let everybody who is active have a permission, with or without an object."""
    plain = User.has_perm

    def has_perm(self: Any, perm: str, obj: Any = None) -> bool:
        return (perm == permission and self.is_active) or plain(self, perm, obj)

    return replaced(User, "has_perm", has_perm)


def given(role: str, codename: str) -> Change:
    """Give a role a permission that it lacks."""

    @contextmanager
    def change(_world: World) -> Iterator[None]:
        Group.objects.get(name=role).permissions.add(
            *Permission.objects.filter(codename=codename, content_type__app_label="records")
        )
        yield

    return change


def without_middleware(name: str) -> Change:
    """Take a middleware out."""

    @contextmanager
    def change(world: World) -> Iterator[None]:
        left = [each for each in settings.MIDDLEWARE if not each.endswith(f".{name}")]
        assert len(left) < len(settings.MIDDLEWARE), name
        with ExitStack() as stack:
            stack.enter_context(override_settings(MIDDLEWARE=left))
            for client in world.clients.values():
                stack.enter_context(patch.object(client.handler, "_middleware_chain", None))
            yield

    return change


def unlimited_list(self: Any, request: Any) -> Any:
    """Start an admin list from all rows."""
    return self.model._default_manager.order_by(*self.get_ordering(request))
