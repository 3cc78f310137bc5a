"""A code and a refresh token are good once, also for two who come at the same moment."""

import pytest

from accounts.roles import PATIENT
from tests.accounts.oauth.flows import call, code_for, exchange, make_app, refresh, tokens_for
from tests.records import factories as make
from tests.records.domain.test_concurrency import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("what", ["code", "refresh token"])
def test_one_of_two_gets_tokens_and_the_other_is_refused(what):
    person, app = make.make_user(PATIENT.name), make_app()
    if what == "code":
        code = code_for(person, app)
        answers = race(lambda: exchange(app, code), lambda: exchange(app, code))
    else:
        token = tokens_for(person, app)["refresh_token"]
        answers = race(lambda: refresh(app, token), lambda: refresh(app, token))

    statuses = sorted(answer.status_code for answer in answers)
    given = [answer.json() for answer in answers if answer.status_code == 200]

    assert statuses == [200, 400]
    assert all(call(each["access_token"]).status_code in (200, 401) for each in given)
