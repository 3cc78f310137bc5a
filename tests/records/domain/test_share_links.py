"""Links that share a record: who makes them, what they may be, and their end."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.roles import DBA, PATIENT
from records.access import OutOfSight
from records.domain import merges, share_links
from records.domain.share_links import State, create_share_link, link_text, state_of
from records.models import Patient, ShareLink
from tests.records import factories as make
from tests.records.sharing import PASSCODE, Sharer, in_days, make_sharer, sharer, signs

__all__ = ["sharer", "signs"]


def refused(case: Sharer, **fields: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        case.share(**fields)
    assert not ShareLink.objects.exists()
    return error.value.message_dict


@pytest.mark.parametrize(
    "passcode",
    ["12345", "123456", "password", "x" * 65, "      1  "],
    ids=["short", "common digits", "common word", "long", "blank but one"],
)
def test_passcode_that_is_guessed_at_once_is_refused(sharer: Sharer, passcode: str) -> None:
    assert list(refused(sharer, passcode=passcode)) == ["passcode"]


def test_everything_that_is_wrong_is_said_at_once(sharer: Sharer) -> None:
    found = refused(sharer, passcode="123", expires_at=in_days(-1), views_allowed=0, label="School")

    assert set(found) == {"passcode", "expires_at", "views_allowed"}
    assert "label" in refused(sharer, label="x" * 81)


def test_blank_passcode_is_none(sharer: Sharer) -> None:
    link, _ = sharer.share(passcode="   ")

    assert link.passcode == ""
    assert link.tries_left is None


def test_record_that_nobody_confirmed_is_not_shared(sharer: Sharer) -> None:
    Patient.objects.update(identity_confirmed_on=None)
    sharer.patient.refresh_from_db()

    assert list(refused(sharer)) == ["patient"]


def test_record_that_was_merged_is_not_shared(sharer: Sharer) -> None:
    merges.merge_patients(
        by=make.system(),
        survivor=make.make_patient(),
        duplicate=sharer.patient,
        version=1,
        reason="One person.",
    )
    sharer.patient.refresh_from_db()

    assert list(refused(sharer)) == ["patient"]


@pytest.mark.parametrize("url", ["", "https://" + "x" * 75])
def test_site_without_a_fitting_address_shares_nothing(
    sharer: Sharer, settings: Any, url: str
) -> None:
    settings.ISSUER = replace(settings.ISSUER, url=url)

    assert list(refused(sharer)) == ["patient"]


def test_longest_address_is_short_enough_for_the_specification(
    sharer: Sharer, settings: Any
) -> None:
    settings.ISSUER = replace(settings.ISSUER, url="https://" + "x" * 74)

    assert len(share_links.url_of("t" * 43)) == 128
    assert sharer.share()


@pytest.mark.parametrize("template", ["carer", "relative"])
def test_carers_and_relatives_share_nothing_and_see_no_link(sharer: Sharer, template: str) -> None:
    link, _ = sharer.share()
    other = make.make_user(PATIENT.name)
    make.make_grant(other, sharer.patient, template=template)

    with pytest.raises(PermissionDenied):
        create_share_link(by=other, patient=sharer.patient, expires_at=None)
    with pytest.raises(OutOfSight):
        share_links.revoke_share_link(by=other, link=link, version=1)
    with pytest.raises(OutOfSight):
        link_text(by=other, link=link)


def test_holder_of_another_record_neither_makes_nor_revokes(sharer: Sharer) -> None:
    link, _ = sharer.share()
    other = make_sharer(last_name="Zimmerwald")

    with pytest.raises(OutOfSight):
        create_share_link(by=other.user, patient=sharer.patient, expires_at=None)
    with pytest.raises(OutOfSight):
        share_links.revoke_share_link(by=other.user, link=link, version=1)


def test_keeper_who_is_a_patient_too_revokes_no_link_of_others(sharer: Sharer) -> None:
    link, _ = sharer.share()
    keeper = make.make_user(DBA.name, is_staff=True)
    keeper.groups.add(*make.make_user(PATIENT.name).groups.all())

    with pytest.raises(PermissionDenied):
        share_links.revoke_share_link(by=keeper, link=link, version=1)


def test_superuser_shares_no_record_without_a_grant(sharer: Sharer) -> None:
    root = make.make_user(is_staff=True, is_superuser=True)

    with pytest.raises(PermissionDenied):
        create_share_link(by=root, patient=sharer.patient, expires_at=None)


def test_only_the_maker_sees_a_link_again(sharer: Sharer) -> None:
    link, text = sharer.share(passcode=PASSCODE, expires_at=None)
    other = make.make_user(PATIENT.name)
    make.make_grant(other, sharer.patient)

    assert link_text(by=sharer.user, link=ShareLink.objects.get()) == text
    with pytest.raises(PermissionDenied):
        link_text(by=other, link=link)


def test_any_who_may_share_revokes_and_a_second_time_changes_nothing(sharer: Sharer) -> None:
    link, _ = sharer.share()
    guardian = make.make_user(PATIENT.name)
    make.make_grant(guardian, sharer.patient, template="guardian")

    first = share_links.revoke_share_link(by=guardian, link=link, version=1)
    again = share_links.revoke_share_link(by=sharer.user, link=link, version=2)

    assert state_of(first) == State.REVOKED
    assert again.version == 2
    assert again.revoked_at == first.revoked_at


def test_openings_are_no_change_that_a_revocation_would_have_to_see(sharer: Sharer) -> None:
    link, _ = sharer.share()
    ShareLink.objects.filter(pk=link.pk).update(views=5)

    revoked = share_links.revoke_share_link(by=sharer.user, link=link, version=1)

    assert revoked.views == 5
