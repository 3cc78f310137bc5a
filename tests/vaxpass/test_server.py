"""The production server, as it is shipped, starts, answers and ends in good order."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("gunicorn", reason="part of the production set")
ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def server(tmp_path, **environment):
    """Run gunicorn on a port of its own with a database of its own."""
    port = free_port()
    settings = {
        "VAXPASS_MODE": "development",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'served.sqlite3'}",
        "BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1",
        **environment,
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "vaxpass.wsgi"],
        cwd=ROOT,
        env={**kept, **settings},
        stderr=subprocess.PIPE,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def fetch(url):
    """Return status and body once the server listens."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The server does not answer.")


def test_server_answers_with_the_file_that_is_shipped_and_stops_when_told(tmp_path):
    with server(tmp_path) as (process, url):
        assert fetch(f"{url}/livez")[0] == 200
        status, body = fetch(f"{url}/api/v1/clinics")
        assert (status, b"urn:vaxpass:problem:" in body) == (401, True)
        assert fetch(url + "/?" + "x" * 5000)[0] in (400, 414)

        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0


def test_server_starts_in_no_mode_that_lacks_a_secret(tmp_path):
    with server(tmp_path, VAXPASS_MODE="production") as (process, _):
        _, told = process.communicate(timeout=60)

    assert process.returncode != 0
    assert b"SECRET_KEY" in told
