"""Reading a resource that somebody sent: nothing in it is passed over unseen."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple

from records.codecs.fhir.terms import Identifier, system_of

# FHIR R4 dateTime that names a day at least (https://hl7.org/fhir/R4/datatypes.html#dateTime).
DAY = re.compile(
    r"(\d{4}-\d{2}-\d{2})(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?"
    r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00)))?"
)
LONGEST = 2000  # characters of any text; the records allow less everywhere
MOST = 20  # elements of a list, and faults named for what is too much


class Fault(NamedTuple):
    """What is wrong at a place of a resource; ``code`` is of FHIR's issue types."""

    path: str
    code: str
    text: str


class Unreadable(Exception):
    """A resource that cannot be taken over: all that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults."""
        self.faults = faults
        super().__init__("; ".join(f"{fault.path}: {fault.text}" for fault in faults))


class Element:
    """An object within a resource; each of its parts is asked for, or is a fault in the end."""

    def __init__(self, value: Any, path: str, faults: list[Fault]) -> None:
        """Read ``value``, which stands at ``path``; what is wrong is added to ``faults``."""
        self.path = path
        self.faults = faults
        self._parts: dict[str, Any] = {}
        if isinstance(value, dict):
            self._parts = dict(value)
        else:
            self.fault("structure", "This must be an object.")

    def fault(self, code: str, text: str, part: str = "") -> None:
        """Note what is wrong with a part, or with the whole."""
        self.faults.append(Fault(f"{self.path}.{part}" if part else self.path, code, text))

    def text(self, name: str, *, needed: bool = False) -> str:
        """Take a text; empty without it."""
        value = self._take(name, str, "a text", needed)
        if value is None:
            return ""
        if not value.strip() or len(value) > LONGEST:
            self.fault("value", f"A text of 1 to {LONGEST} characters.", name)
        return str(value)

    def flag(self, name: str) -> bool:
        """Take a truth value that is needed."""
        return bool(self._take(name, bool, "true or false", needed=True))

    def day(self, name: str) -> dt.date:
        """Take the day of a date or a moment: the one that it names where it was."""
        text = self.text(name, needed=True)
        match = DAY.fullmatch(text)
        try:
            return dt.date.fromisoformat(match[1] if match else "")
        except ValueError:
            if text:
                self.fault("value", "A whole day is needed, e.g. 2026-01-31.", name)
            return dt.date.min

    def child(self, name: str, *, needed: bool = False) -> Element | None:
        """Take an object."""
        value = self._take(name, dict, "an object", needed)
        return None if value is None else Element(value, f"{self.path}.{name}", self.faults)

    def children(self, name: str) -> list[Element]:
        """Take a list of objects; empty without it."""
        values = self._take(name, list, "a list", needed=False) or []
        if len(values) > MOST:
            self.fault("too-long", f"At most {MOST} elements.", name)
            return []
        path = f"{self.path}.{name}"
        return [
            Element(value, f"{path}[{place}]", self.faults) for place, value in enumerate(values)
        ]

    def code(self, name: str, *systems: str, needed: bool = False) -> str:
        """Take the code that a concept has in one of ``systems``; other codings say it again."""
        concept = self.child(name, needed=needed)
        if concept is None:
            return ""
        codes = []
        for coding in concept.children("coding"):
            code = coding.text("code", needed=True)
            if coding.text("system", needed=True) in systems:
                codes.append(code)
            coding.end("display", "version", "userSelected")
        concept.end("text")
        if len(set(codes)) != 1:
            self.fault("code-invalid", f"One code of {systems[0]} is needed.", name)
            return ""
        return codes[0]

    def words(self, name: str) -> str:
        """Take what a concept says in words: its text, or how its first coding is shown."""
        concept = self.child(name)
        if concept is None:
            return ""
        text = concept.text("text")
        for coding in concept.children("coding"):
            text = text or coding.text("display") or coding.text("code")
            coding.end("system", "code", "display", "version", "userSelected")
        concept.end()
        return text

    def reference(self, name: str, kind: str, base: str, *, needed: bool = False) -> str:
        """Take the identifier in a reference to a resource of this server."""
        to = self.child(name, needed=needed)
        if to is None:
            return ""
        key = to.key(kind, base, needed=True)
        to.end("display", "type")
        return key

    def key(self, kind: str, base: str, *, needed: bool = False) -> str:
        """Take the identifier out of this reference to a resource of this server."""
        address = self.text("reference", needed=needed).removeprefix(base)
        found, _, key = address.partition("/")
        if address and (found != kind or not key):
            self.fault("value", f"A reference to this server is needed: {kind}/….", "reference")
        return key

    def identifier(self) -> Identifier:
        """Take this element as an identifier."""
        number = Identifier(
            system_of(self.text("system", needed=True)), self.text("value", needed=True)
        )
        self.end("use", "type")
        return number

    def end(self, *derived: str) -> None:
        """Note a fault for each part that nobody took; ``derived`` are known to the server."""
        for name in sorted(set(self._parts) - set(derived))[:MOST]:
            self.fault("not-supported", "This is not kept here; nothing is left out unsaid.", name)

    def _take(self, name: str, kind: type, words: str, needed: bool) -> Any:
        value = self._parts.pop(name, None)
        if value is None:
            if needed:
                self.fault("required", "This is needed.", name)
            return None
        if not isinstance(value, kind):
            self.fault("structure", f"This must be {words}.", name)
            return None
        return value
