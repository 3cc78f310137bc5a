"""Each rule that is taken away makes the matrix fail."""

from __future__ import annotations

import pytest

from tests.matrix.mutations import Mutation
from tests.matrix.rules import MUTATIONS
from tests.matrix.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_the_matrix_notices(world: World, mutation: Mutation) -> None:
    assert mutation.is_caught(world), "no cell of the matrix depends on this rule"
