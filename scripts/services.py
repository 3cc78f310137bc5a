#!/usr/bin/env python3
"""Private MariaDB and Redis for development and tests; the system's own are never touched.

    services.py run [--fast] COMMAND …   start both, run the command with DATABASE_URL and
                                         CACHE_URL, stop both whatever happens
    services.py serve                    start both on durable data, print the URLs, wait
    services.py stop                     stop those of `serve`

Only the standard library is used, since this runs before anything is installed.
"""

import argparse
import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

VAR = Path(__file__).resolve().parent.parent / "var" / "services"
START_SECONDS = 60
# A throw-away database: after a crash it is deleted, so nothing need reach the disk.
FAST = ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--sync-frm=0"]


class Failure(Exception):
    """A service cannot be had; the text says why in one line."""


def find(program: str) -> str:
    """Return the path of a server program, which Debian keeps out of some users' PATH."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not path:
        raise Failure(f"{program} is not installed")
    return path


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server accepts connections."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    tail = " | ".join(log.read_text(errors="replace").splitlines()[-5:])
    raise Failure(f"{Path(str(process.args[0])).name} does not start: {tail}")  # type: ignore[index]


def start(command: list[str], port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start a server in its own session, so that Ctrl-C reaches this program first."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(port, process, log)
    except BaseException:
        halt(process)
        raise
    return process


def halt(process: subprocess.Popen[bytes]) -> None:
    """Stop a server and wait for its end."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def secret(path: Path) -> str:
    """Return the password kept in a file that only this user may read."""
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_hex(16))
    return path.read_text()


def mariadb(home: Path, fast: bool) -> tuple[subprocess.Popen[bytes], str]:
    """Start MariaDB on data under `home`; returns the process and its URL."""
    server, install = find("mariadbd"), find("mariadb-install-db")
    data, log, user = home / "mariadb", home / "mariadb.log", getpass.getuser()
    if not (data / "mysql").is_dir():
        shutil.rmtree(data, ignore_errors=True)
        with log.open("ab") as output:
            done = subprocess.run(
                [
                    install,
                    "--no-defaults",
                    f"--datadir={data}",
                    f"--user={user}",
                    "--skip-test-db",
                    "--auth-root-authentication-method=socket",
                    f"--auth-root-socket-user={user}",
                ],
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode:
            raise Failure(f"mariadb-install-db failed, see {log.name}: {log}")
    password = secret(home / "password")
    (home / "files").mkdir(exist_ok=True)
    # The account may do everything on this server: tests create databases, accounts and roles.
    init = home / "init.sql"
    init.touch(0o600)
    init.write_text(
        f"CREATE OR REPLACE USER vaxpass@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON *.* TO vaxpass@'127.0.0.1' WITH GRANT OPTION;\n"
        "CREATE DATABASE IF NOT EXISTS vaxpass CHARACTER SET utf8mb4;\n"
    )
    port = free_port()
    process = start(
        [
            server,
            "--no-defaults",
            f"--datadir={data}",
            f"--user={user}",
            "--bind-address=127.0.0.1",
            f"--port={port}",
            # Next to the data the path could be longer than a socket's may be.
            f"--socket={runtime_dir() / f'mariadb-{port}.sock'}",
            f"--pid-file={home / 'mariadb.pid'}",
            f"--init-file={init}",
            f"--secure-file-priv={home / 'files'}",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--max-connections=300",
            "--innodb-buffer-pool-size=256M",
            *(FAST if fast else []),
        ],
        port,
        log,
    )
    return process, f"mysql://vaxpass:{password}@127.0.0.1:{port}/vaxpass"


def redis(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start Redis, which keeps nothing on disk; returns the process and its URL."""
    password, port = secret(home / "password"), free_port()
    config = home / "redis.conf"
    config.touch(0o600)
    config.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\n'
        f'dir "{home}"\n'
    )
    process = start([find("redis-server"), str(config)], port, home / "redis.log")
    return process, f"redis://:{password}@127.0.0.1:{port}/0"


_runtime: list[Path] = []


def runtime_dir() -> Path:
    """Return a directory with a short path, made once and removed at the end."""
    if not _runtime:
        _runtime.append(Path(tempfile.mkdtemp(prefix="vaxpass-")))
    return _runtime[0]


@contextlib.contextmanager
def running(home: Path, fast: bool) -> Iterator[dict[str, str]]:
    """Run both services for the time of a `with` block, which gets their URLs."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    stops: list[Callable[[], None]] = [
        lambda: [shutil.rmtree(path, ignore_errors=True) for path in _runtime] and None
    ]
    try:
        database, database_url = mariadb(home, fast)
        stops.append(lambda: halt(database))
        cache, cache_url = redis(home)
        stops.append(lambda: halt(cache))
        yield {"DATABASE_URL": database_url, "CACHE_URL": cache_url}
    finally:
        # A second Ctrl-C must not leave a server behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for stop in reversed(stops):
            stop()


def run(command: list[str], fast: bool) -> int:
    """Run a command with services of its own and return its exit status.

    `TEST_DIR` names a directory that is gone afterwards, for SQLite files of tests.
    """
    VAR.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="run-", dir=VAR))
    try:
        with running(home, fast) as urls:
            process = subprocess.Popen(command, env=os.environ | urls | {"TEST_DIR": str(home)})
            try:
                return process.wait()
            except BaseException:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()
                raise
    finally:
        shutil.rmtree(home, ignore_errors=True)


def serve() -> int:
    """Run durable services until they are stopped."""
    home = VAR / "main"
    pid_file = home / "serve.pid"
    if served(pid_file):
        raise Failure("the services run already; stop them with: make services-stop")
    with running(home, fast=False) as urls:
        pid_file.write_text(str(os.getpid()))
        try:
            for name, url in urls.items():
                print(f"export {name}='{url}'")
            print("# Ctrl-C or `make services-stop` stops them; the data stay.", flush=True)
            signal.pause()
        finally:
            pid_file.unlink(missing_ok=True)
    return 0


def served(pid_file: Path) -> int | None:
    """Return the process that serves, if it still runs."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


def stop() -> int:
    """Stop the durable services and wait for their end."""
    pid_file = VAR / "main" / "serve.pid"
    pid = served(pid_file)
    if pid:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + START_SECONDS
    while pid_file.exists() and served(pid_file) and time.monotonic() < deadline:
        time.sleep(0.1)
    return 0


def interrupted(number: int, _frame: object) -> None:
    """Turn a signal into an exception, so that everything is stopped on the way out."""
    raise SystemExit(128 + number)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="action", required=True)
    run_parser = commands.add_parser("run")
    run_parser.add_argument("--fast", action="store_true")
    run_parser.add_argument("command", nargs=argparse.REMAINDER)
    commands.add_parser("serve")
    commands.add_parser("stop")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        if arguments.action == "run":
            return run(arguments.command, arguments.fast)
        return serve() if arguments.action == "serve" else stop()
    except Failure as failure:
        print(f"services: {failure}", file=sys.stderr)
        return 69  # EX_UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main())
