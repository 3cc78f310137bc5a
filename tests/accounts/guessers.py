"""What guessers and locked-out owners do on the real pages."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.core import mail
from django.db.models import F
from django.test import Client

from records.models import AttemptCounter
from tests.accounts.signing_in import LOGIN, PASSWORD, make_person, totp_code

ADDRESS = "ada@example.org"
WRONG = "not the password at all"
RESET = "/accounts/password/reset/"


def make_owner(role: str = "Patient", email: str = ADDRESS) -> Any:
    """Return an account that can sign in with ``PASSWORD``."""
    return make_person(role, email=email)


def try_password(
    client: Client, address: str = ADDRESS, password: str = PASSWORD, **headers: Any
) -> Any:
    """Send an address, in whatever spelling, and a password, right or wrong."""
    return client.post(LOGIN, {"login": address, "password": password}, **headers)


def wrong_code_of(user: Any) -> str:
    """Return a code that the account's app does not show within a minute of now."""
    good = {totp_code(user, steps) for steps in range(-3, 4)}
    return next(code for code in (f"{digit}" * 6 for digit in range(1, 9)) if code not in good)


def reset_password(client: Client, address: str, password: str) -> Any:
    """Take the documented way: ask for a mail, follow its link, choose a password."""
    client.post(RESET, {"email": address})
    return follow_reset(client, password)


def follow_reset(client: Client, password: str) -> Any:
    """Follow the link of the last mail and choose a password."""
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link is not None
    page = client.get(link[1], follow=True)
    form = page.redirect_chain[-1][0]
    return client.post(form, {"password1": password, "password2": password})


def let_time_pass(span: dt.timedelta) -> None:
    """Make every counter older."""
    AttemptCounter.objects.update(since=F("since") - span)
