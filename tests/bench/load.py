"""A production server on a port of its own, and a few clients that ask it as fast as they can."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 8
GUNICORN = [sys.executable, "-m", "gunicorn", "vaxpass.wsgi"]


class Load(NamedTuple):
    """Requests a second, and the time that 99 of 100 took no longer than, in milliseconds."""

    a_second: float
    p99: float


@contextmanager
def server(command: Sequence[str], port: int, **environment: str) -> Iterator[int]:
    """Run a server until the block ends; raises ``TimeoutError`` unless it answers."""
    surroundings = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.bench.api_settings",
        "BIND": f"127.0.0.1:{port}",
        **environment,
    }
    process = subprocess.Popen(list(command), cwd=ROOT, env=surroundings, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def ask(port: int, requests: Sequence[bytes], seconds: float = 4.0) -> Load:
    """Send these requests in turn, from ``CLIENTS`` connections at once, for a while."""
    times: list[float] = []
    threads = [
        threading.Thread(target=_client, args=(port, requests[number::CLIENTS], seconds, times))
        for number in range(CLIENTS)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - start
    return Load(len(times) / elapsed, quantiles(times, n=100)[98] * 1000)


def request(path: str, **headers: str) -> bytes:
    """Return a GET as it goes over the wire; servers that keep connections shall close it."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _client(port: int, requests: Sequence[bytes], seconds: float, times: list[float]) -> None:
    end = time.perf_counter() + seconds
    number = 0
    while (start := time.perf_counter()) < end:
        answer = _exchange(port, requests[number % len(requests)])
        if b" 200 " not in answer[:16]:
            raise RuntimeError(answer[:300])
        times.append(time.perf_counter() - start)
        number += 1


def _exchange(port: int, wanted: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(wanted)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def _await(port: int) -> None:
    for _ in range(300):
        try:
            if b" 200 " in _exchange(port, request("/livez"))[:16]:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError("The server does not answer.")
