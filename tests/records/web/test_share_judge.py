"""Links opened by a viewer that knows nothing of VaxPass: kill-the-clipboard, over the network."""

from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from records.domain.credentials import jwks
from records.models import ShareLink, ShareView
from tests.credential_judges import credential_judge
from tests.judges import Judge
from tests.records.sharing import PASSCODE, make_sharer, signs

__all__ = ["credential_judge", "signs"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signs")]

SITE = "https://vaxpass.example.org"


def resolved(judge: Judge, server: LiveServer, link: str, **asked: Any) -> Any:
    """Return what the viewer says of a link that it opens."""
    where = {"site": SITE, "server": server.url, "issuer": SITE, "keys": jwks()["keys"]}
    return judge.ask({"to": "shl.resolve", "link": link, "recipient": "Viewer", **where, **asked})


def lots(found: Any) -> list[str]:
    """Return the lot numbers of the cards that the viewer read and verified."""
    assert "error" not in found, found
    entries = [entry["resource"] for bundle in found["bundles"] for entry in bundle["entry"]]
    return [one["lotNumber"] for one in entries if one["resourceType"] == "Immunization"]


def test_viewer_opens_a_link_and_verifies_the_card(
    credential_judge: Judge, live_server: LiveServer
) -> None:
    link, text = make_sharer().share()

    found = resolved(credential_judge, live_server, text)

    assert lots(found) == ["ZQ42"]
    assert (found["requiresPasscode"], found["isLongTerm"], found["isDirectFile"]) == (
        False,
        True,
        False,
    )
    assert found["label"] == "School"
    assert link.expires_at is not None
    assert found["exp"] == int(link.expires_at.timestamp())
    assert ShareView.objects.get().recipient == "Viewer"


def test_viewer_fetches_a_file_that_is_too_long_to_embed(
    credential_judge: Judge, live_server: LiveServer
) -> None:
    _, text = make_sharer().share(views_allowed=1)

    assert lots(resolved(credential_judge, live_server, text, embeddedLengthMax=10)) == ["ZQ42"]
    assert ShareLink.objects.get().views == 1


def test_viewer_needs_the_passcode(credential_judge: Judge, live_server: LiveServer) -> None:
    _, text = make_sharer().share(passcode=PASSCODE, expires_at=None)

    missing = resolved(credential_judge, live_server, text)
    wrong = resolved(credential_judge, live_server, text, passcode="no heron")
    right = resolved(credential_judge, live_server, text, passcode=PASSCODE)

    assert missing["error"] == wrong["error"] == "SHLInvalidPasscodeError"
    assert lots(right) == ["ZQ42"]
    assert right["requiresPasscode"] is True
    assert ShareLink.objects.get().tries_left == 9


def test_viewer_is_told_that_a_link_is_gone(
    credential_judge: Judge, live_server: LiveServer
) -> None:
    _, text = make_sharer().share()
    ShareLink.objects.update(views_allowed=1, views=1)

    found = resolved(credential_judge, live_server, text)

    assert found["error"] == "SHLManifestNotFoundError"
