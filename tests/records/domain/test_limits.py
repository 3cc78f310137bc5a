"""Counting tries: for good, for every spelling, and for many hands at once."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from records.domain import limits
from records.domain.errors import TooManyAttempts
from records.domain.limits import Limit, forgive, spend
from records.models import AttemptCounter
from tests.records.domain.test_concurrency import errors, race

THREE = Limit("test.three", attempts=3, per=dt.timedelta(minutes=15))
ADDRESS = "ada@example.org"


def tries(limit: Limit, *subjects: str) -> int:
    """Return how many of the tries were let pass."""
    passed = 0
    for subject in subjects:
        try:
            spend(limit=limit, subject=subject)
        except TooManyAttempts:
            continue
        passed += 1
    return passed


def age(by: dt.timedelta) -> None:
    for row in AttemptCounter.objects.all():
        AttemptCounter.objects.filter(pk=row.pk).update(since=row.since - by)


@pytest.mark.django_db
def test_tries_end_with_the_limit_and_say_how_long_to_wait():
    assert tries(THREE, *[ADDRESS] * 3) == 3

    with pytest.raises(TooManyAttempts) as refused:
        spend(limit=THREE, subject=ADDRESS)

    assert dt.timedelta(minutes=14) < refused.value.retry_after <= THREE.per


@pytest.mark.django_db
def test_each_subject_and_each_scope_has_tries_of_its_own():
    other = Limit("test.other", attempts=3, per=THREE.per)
    tries(THREE, *[ADDRESS] * 4)

    assert tries(THREE, "bob@example.org") == 1
    assert tries(other, ADDRESS) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spelling",
    [
        "ADA@Example.org",
        "\u00e1d\u00e4@example.org",
        "a\u0301da@example.org",
        "\uff41\uff44\uff41@example.org",  # full-width letters
        "\U0001d41ada@example.org",  # a mathematical a
        " ada@example.org\t",
        "ada @ example.org",
        "a\u200bda@example.org",  # a blank without width
        "a\u00adda@example.org",  # a soft hyphen
        "ada@\u24d4xample.org",  # a circled e
    ],
)
def test_no_spelling_walks_around_a_limit(spelling):
    tries(THREE, *[ADDRESS] * 3)

    assert tries(THREE, spelling) == 0


@pytest.mark.django_db
def test_forgiven_subject_has_all_tries_again():
    tries(THREE, *[ADDRESS] * 4)

    forgive(limit=THREE, subject=ADDRESS.upper())

    assert tries(THREE, *[ADDRESS] * 4) == 3


@pytest.mark.django_db
def test_tries_come_back_when_the_time_is_over():
    tries(THREE, *[ADDRESS] * 4)
    age(THREE.per)

    assert tries(THREE, *[ADDRESS] * 4) == 3


@pytest.mark.django_db
def test_refused_tries_do_not_prolong_the_wait():
    tries(THREE, *[ADDRESS] * 3)
    age(THREE.per - dt.timedelta(minutes=1))
    tries(THREE, *[ADDRESS] * 5)
    age(dt.timedelta(minutes=1))

    assert tries(THREE, ADDRESS) == 1


@pytest.mark.django_db
def test_emptied_cache_forgets_no_try():
    tries(THREE, *[ADDRESS] * 3)
    cache.clear()

    assert tries(THREE, ADDRESS) == 0


@pytest.mark.django_db
def test_subject_is_kept_only_as_a_digest_under_the_secret_key():
    tries(THREE, ADDRESS)
    [row] = AttemptCounter.objects.values_list("scope", "subject")

    assert "ada" not in " ".join(row)
    with override_settings(SECRET_KEY="another"):
        assert limits._digest(THREE.scope, ADDRESS) != row[1]


@pytest.mark.django_db
def test_old_counters_are_deleted_by_the_way(monkeypatch):
    monkeypatch.setattr(limits, "SWEPT_AT_ONCE", 2)
    old = timezone.now() - dt.timedelta(days=8)
    AttemptCounter.objects.bulk_create(
        AttemptCounter(scope="test.old", subject=str(number), attempts=1, since=old)
        for number in range(3)
    )

    spend(limit=THREE, subject=ADDRESS)
    assert AttemptCounter.objects.filter(scope="test.old").count() == 1
    spend(limit=THREE, subject="bob@example.org")
    assert AttemptCounter.objects.count() == 2


def test_limit_cannot_outlive_its_counter():
    with pytest.raises(ValueError, match="7 days"):
        Limit("test.long", attempts=1, per=dt.timedelta(days=8))


# --------------------------------------------------------------------------- Real transactions


@pytest.mark.django_db(transaction=True)
def test_try_stays_counted_when_what_follows_is_rolled_back():
    spend(limit=THREE, subject=ADDRESS)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError

    assert AttemptCounter.objects.get().attempts == 1


@pytest.mark.django_db(transaction=True)
def test_try_inside_an_open_transaction_is_refused_because_it_could_be_taken_back():
    with pytest.raises(RuntimeError), transaction.atomic():
        spend(limit=THREE, subject=ADDRESS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [0, 1], ids=["first tries", "later tries"])
def test_many_hands_at_once_get_no_more_tries_than_one(before):
    tries(THREE, *[ADDRESS] * before)

    outcomes = race(*[lambda: spend(limit=THREE, subject=ADDRESS)] * 20)

    assert len(errors(outcomes)) == 17 + before
    assert all(isinstance(error, TooManyAttempts) for error in errors(outcomes))
    assert AttemptCounter.objects.get().attempts == 3


@pytest.mark.django_db(transaction=True)
def test_many_hands_at_once_open_one_new_window():
    tries(THREE, *[ADDRESS] * 3)
    age(THREE.per)

    outcomes = race(*[lambda: spend(limit=THREE, subject=ADDRESS)] * 20)

    assert len(errors(outcomes)) == 17
    assert all(isinstance(error, TooManyAttempts) for error in errors(outcomes))


@pytest.mark.django_db(transaction=True)
def test_many_hands_at_once_sweep_and_count_without_meeting_in_a_deadlock():
    subjects = [str(number) for number in range(10)]
    for subject in subjects:
        spend(limit=THREE, subject=subject)
    age(dt.timedelta(days=8))

    outcomes = race(
        *[
            lambda subject=subject: spend(limit=THREE, subject=subject)
            for subject in [*subjects, *(f"new {subject}" for subject in subjects)]
        ]
    )

    assert errors(outcomes) == []
    assert AttemptCounter.objects.count() == 20
