"""A mail server that takes mail as RFC 5321 says, or fails in the ways that servers do."""

from __future__ import annotations

import email
import socketserver
import threading
import time
from email.message import Message
from email.policy import default
from typing import Any


class Server(socketserver.ThreadingTCPServer):
    """Keeps what it was given in ``taken``; what it does wrong is set from outside."""

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.taken: list[Message] = []
        self.refused: dict[str, int] = {}
        """Addresses that are refused, with the reply's code."""
        self.hangs_up_after_data = False
        self.spins_out = False
        """Answers to the data come one letter at a time, for ever."""

    def __enter__(self) -> Any:
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self.shutdown()
        self.server_close()

    @property
    def port(self) -> int:
        """The port it listens at."""
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        try:
            self._say(220, "ready")
            while line := self.rfile.readline().decode().strip():
                if not self._answer(line):
                    return
        except OSError:
            return

    def _answer(self, line: str) -> bool:
        verb = line.split(":")[0].split()[0].upper()
        if verb == "RCPT" and (code := self.server.refused.get(line.split("<")[1].split(">")[0])):
            self._say(code, "no such mailbox")
        elif verb == "DATA":
            self._say(354, "go on")
            return self._take()
        elif verb == "QUIT":
            self._say(221, "bye")
            return False
        else:
            self._say(250, "ok")
        return True

    def _take(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        if self.server.spins_out:
            while True:
                self.wfile.write(b"2")
                time.sleep(0.02)
        if self.server.hangs_up_after_data:
            return False
        self.server.taken.append(email.message_from_bytes(b"".join(lines), policy=default))
        self._say(250, "taken")
        return True

    def _say(self, code: int, text: str) -> None:
        self.wfile.write(f"{code} {text}\r\n".encode())
