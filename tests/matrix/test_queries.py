"""No page asks the database more than ten times: every page of the table, forms with errors too.

Counted is what a whole request reads or writes: session, user and rights, the audit of what is
shown, the page. Not counted are savepoints, which read and write nothing. What a process keeps
(content types, compiled statements) is there already, as it is for all but its first request.
"""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.web.shift import LOT
from tests.matrix.views import View, views
from tests.matrix.walk import taken_back
from tests.matrix.world import World

pytestmark = pytest.mark.django_db

MOST = 10
STATEMENT = re.compile(r"\W*(SELECT|INSERT|REPLACE|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


def asked(world: World, view: View) -> list[str]:
    """Return the statements of one request."""
    client = world.clients[view.cell.actor]
    with taken_back(), CaptureQueriesContext(connection) as captured:
        response = getattr(client, view.cell.method.lower())(view.path(world))
        assert response.status_code == 200, view
        if response.streaming:
            b"".join(response.streaming_content)
    return [query["sql"] for query in captured if STATEMENT.match(query["sql"])]


@pytest.fixture
def shift(world: World) -> None:
    """Let the volunteer have chosen a lot, which each page of the workspace looks at again."""
    client = world.clients["volunteer"]
    session = client.session
    session[LOT] = str(world.objects["lot"]["one"].public_id)
    session.save()


def test_page_asks_at_most_ten_times(world: World, shift: None) -> None:
    counted = {}
    for view in views():
        asked(world, view)
        counted[str(view)] = len(asked(world, view))

    assert {name: n for name, n in counted.items() if n > MOST} == {}
