"""What an app and a system do to get a token, and to use it."""

from __future__ import annotations

import base64
import hashlib
import itertools
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client

from accounts.models import User
from accounts.oauth import applications
from accounts.oauth.scopes import SCOPES
from accounts.roles import USER_MANAGER
from tests.records import factories as make

CALLBACK = "https://app.example.org/callback"
VERIFIER = "verifier-of-at-least-forty-three-characters-0123456789"
AUTHORIZE, TOKEN, REVOKE = "/oauth/authorize", "/oauth/token", "/oauth/revoke"
_numbers = itertools.count(1)


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def make_app(**fields: Any) -> Any:
    """Return an app that keeps no secret."""
    defaults = {
        "name": f"App {next(_numbers)}",
        "client_type": "public",
        "authorization_grant_type": "authorization-code",
        "redirect_uris": CALLBACK,
        "scopes": list(SCOPES),
    }
    return _register({**defaults, **fields})[0]


def make_system(service: Any = None, **fields: Any) -> tuple[Any, str]:
    """Return a system that acts as an account, and its secret."""
    defaults = {
        "name": f"System {next(_numbers)}",
        "client_type": "confidential",
        "authorization_grant_type": "client-credentials",
        "redirect_uris": "",
        "service_user": service or make_service(),
        "scopes": list(SCOPES),
    }
    return _register({**defaults, **fields})


def _register(fields: dict[str, Any]) -> tuple[Any, str]:
    return applications.register(by=make.make_user(USER_MANAGER.name), **fields)


def make_service(role: str | None = None, **fields: Any) -> Any:
    return make.make_user(role, kind=User.Kind.SERVICE, **fields)


def request_of(app: Any, **changed: Any) -> dict[str, Any]:
    """Return the parameters of a good request; None takes one away."""
    asked = {
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "reference:read patients:read",
        "state": "the state",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changed,
    }
    return {name: value for name, value in asked.items() if value is not None}


def address_of(app: Any, **changed: Any) -> str:
    return f"{AUTHORIZE}?{urlencode(request_of(app, **changed))}"


def browser_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def answer_of(response: Any) -> dict[str, str]:
    """Return what a redirect to the app holds."""
    assert response.status_code == 302, response.status_code
    return dict(parse_qsl(urlsplit(response["Location"]).query))


def code_for(user: Any, app: Any, **changed: Any) -> str:
    answer = browser_of(user).post(address_of(app, **changed), {"allow": "yes"})
    return answer_of(answer)["code"]


def exchange(app: Any, code: str, **changed: Any) -> Any:
    sent = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changed,
    }
    return Client().post(TOKEN, {name: value for name, value in sent.items() if value is not None})


def refresh(app: Any, token: str, **more: Any) -> Any:
    sent = {"grant_type": "refresh_token", "client_id": app.client_id, "refresh_token": token}
    return Client().post(TOKEN, {**sent, **more})


def tokens_for(user: Any, app: Any = None, **changed: Any) -> dict[str, Any]:
    """Return the answer with the tokens of an app that a person has let in."""
    app = app or make_app()
    response = exchange(app, code_for(user, app, **changed))
    assert response.status_code == 200, response.content
    return response.json()


def basic(client_id: str, secret: str) -> dict[str, Any]:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"HTTP_AUTHORIZATION": f"Basic {pair}"}


def ask_as_system(app: Any, secret: str, **more: Any) -> Any:
    return Client().post(
        TOKEN, {"grant_type": "client_credentials", **more}, **basic(app.client_id, secret)
    )


def revoke(app: Any, token: str, **more: Any) -> Any:
    return Client().post(REVOKE, {"client_id": app.client_id, "token": token, **more})


def call(token: str, path: str = "clinics", method: str = "get", **more: Any) -> Any:
    """Call the API with a token and nothing else."""
    send = getattr(Client(), method)
    return send(f"/api/v1/{path}", HTTP_AUTHORIZATION=f"Bearer {token}", **more)
