"""Every URL answers every actor, for every object and method, as the table says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import Model

from records import access
from tests.matrix.operations import OUT_OF_REACH, operation_faults, reach_faults
from tests.matrix.searches import SEARCHES, Search, search_faults
from tests.matrix.sight import EVERYTHING, sight_faults
from tests.matrix.table import PAGES
from tests.matrix.tokens import PROGRAMS, token_faults
from tests.matrix.walk import faults, urls
from tests.matrix.world import World
from tests.records.domain.operation import Operation
from tests.records.domain.operations import OPERATIONS

pytestmark = pytest.mark.django_db

Record = Callable[[str, object], None]


def test_every_url_is_in_the_table_and_every_row_has_its_url():
    assert set(urls()) - set(PAGES) == set(), "no row in tests/matrix/table.py"
    assert set(PAGES) - set(urls()) == set(), "no such URL"


@pytest.mark.parametrize("name", PAGES)
def test_answers_are_those_of_the_table(world: World, name: str, record_property: Record) -> None:
    count, found = faults(world, name, PAGES[name])
    record_property("cells", count)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", PROGRAMS)
def test_tokens_do_what_their_scopes_name(world: World, name: str, record_property: Record) -> None:
    count, found = token_faults(world, name)
    record_property("cells", count)
    assert not found, "\n".join(found)


def test_every_model_with_a_rule_is_in_the_table():
    assert set(access.RULES) == set(EVERYTHING)


@pytest.mark.parametrize("model", EVERYTHING, ids=lambda model: model.__name__)
def test_everybody_has_in_sight_what_the_table_says(
    world: World, model: type[Model], record_property: Record
) -> None:
    record_property("cells", len(world.users))
    assert not list(sight_faults(world, model))


@pytest.mark.parametrize("search", SEARCHES, ids=str)
def test_searches_find_only_what_is_in_sight(
    world: World, search: Search, record_property: Record
) -> None:
    count, found = search_faults(world, search)
    record_property("cells", count)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_writes_are_refused_to_who_may_not_or_does_not_see(
    world: World, operation: Operation, record_property: Record
) -> None:
    count, found = operation_faults(world, operation)
    record_property("cells", count)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_volunteers_write_only_for_whom_they_see_and_where_they_work(
    world: World, name: str, record_property: Record
) -> None:
    record_property("cells", 2)
    assert not reach_faults(world, name)
