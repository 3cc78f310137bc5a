"""A real server with processes and threads on the database of the running test."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.records.api.calling import V1, Caller

ROOT = Path(__file__).resolve().parents[3]
MORTAL = "tests.records.api.mortal_settings"
PATIENCE = 60  # seconds, only ever used up by a test that fails
Answer = tuple[int, bytes]


class Server:
    """Where it listens; ``post`` sends as an account that is signed in."""

    def __init__(self, port: int) -> None:
        self.port = port

    def post(self, caller: Caller, path: str, body: Any, **headers: str) -> Answer:
        """Return status and body; raise ``OSError`` or ``HTTPException`` without an answer."""
        token = secrets.token_hex(16)
        session = caller.client.cookies[settings.SESSION_COOKIE_NAME].value
        cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: token}
        sent = {
            "Content-Type": "application/json",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": token,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            link.request("POST", f"{V1}{path}", json.dumps(body), sent)
            response = link.getresponse()
            return response.status, response.read()
        finally:
            link.close()


@contextmanager
def serving(
    workers: int = 1, threads: int = 2, module: str = MORTAL, **environment: str
) -> Iterator[Server]:
    """Run gunicorn on the test's own database; stop it, unless it was killed, at the end."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    options = f"--workers={workers} --threads={threads} --worker-class=gthread --preload"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "vaxpass.wsgi", *options.split()),
            *(f"--bind=127.0.0.1:{port}", "--log-level=error"),
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": _url(),
            "DJANGO_SETTINGS_MODULE": module,
            "VAXPASS_MODE": "development",
            **environment,
        },
        start_new_session=True,  # what kills the server kills nothing else
    )
    try:
        _wait(port, process)
        yield Server(port)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("The server does not start.")


def _url() -> str:
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    who = f"{quote(given['USER'])}:{quote(given['PASSWORD'])}"
    return f"mysql://{who}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
