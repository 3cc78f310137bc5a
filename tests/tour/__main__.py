"""Take them: ``python -m tests.tour``, or only those whose file begins with a given word."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import django
from playwright.sync_api import sync_playwright

START_SECONDS = 60
HOME = Path(__file__).resolve().parents[2] / "var" / "tour"


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def served(port: int) -> Iterator[str]:
    """Serve the demo and give its address."""
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with (HOME / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=HOME.parents[1], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5).close()
                break
            time.sleep(0.2)
        else:
            raise SystemExit(f"The server does not start; see {HOME / 'server.log'}.")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settle(port: int) -> None:
    """Let Django work on a new database of its own."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    os.environ |= {
        "VAXPASS_MODE": "development",
        "DJANGO_SETTINGS_MODULE": "tests.tour.settings",
        "DATABASE_URL": f"sqlite:///{HOME / 'tour.sqlite3'}",
        "CACHE_URL": "locmem://",
        "ISSUER_URL": f"http://127.0.0.1:{port}",
        "ISSUER_KEYS_FILE": str(HOME / "issuer-keys.json"),
        "AUDIT_HEAD_FILE": str(HOME / "audit-head.jsonl"),
        # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }
    django.setup()


def main(wanted: tuple[str, ...]) -> int:
    """Take the pictures, and write the document if all were to be taken."""
    port = free_port()
    settle(port)
    from tests.conftest import CHROMIUM, CHROMIUM_ARGS
    from tests.tour import writing
    from tests.tour.things import prepare
    from tests.tour.walking import Walk

    things = prepare()
    with served(port) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        walk = Walk(browser, base, things, writing.FOLDER, say)
        walk.everywhere(wanted)
        browser.close()
    if not wanted and not walk.faults:
        writing.write(walk.titles)
    say(f"{len(walk.titles)} pages taken, {writing.megabytes():.1f} MB in docs/images/tour")
    for fault in walk.faults:
        say(f"NOT TAKEN: {fault}")
    return bool(walk.faults)


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
