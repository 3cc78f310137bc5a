"""Who asks, whom each may read of, and how a row of the table reads.

Written by hand from the roles of the design, never derived from ``accounts.roles`` or
``records.access``: a rule that changes there shows here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PAGE_METHODS = ("GET", "HEAD", "POST")
UNKNOWN_CALLER = 401
SIGN_IN, ENROL = "sign-in", "enrol"
ENROLMENT = "/accounts/2fa/"

# ------------------------------------------------------------------------------------- Actors

OUT = frozenset({"anonymous", "disabled", "demo_elsewhere"})
NO_FACTOR = "no_factor"
STAFF = frozenset(["logistics", "analytics", "sales", "dba", "user_manager", "both", "superuser"])
SIGNED_IN = STAFF | {"volunteer", "off_duty", "patient", "no_role"}
NOBODY: frozenset[str] = frozenset()


def who(names: str) -> frozenset[str]:
    """Return a set of actors."""
    return frozenset(names.split())


KEEPERS = who("dba superuser")
CARE = who("both dba superuser")  # in the admin; `both` is a volunteer with an admin role
SUPPLY = who("logistics dba superuser")
SITES = who("sales dba superuser")
REFERENCE = who("logistics analytics sales both dba superuser")
COVERAGE = who("analytics both dba superuser")
MANAGERS = who("user_manager superuser")
AT_WORK = who("volunteer both")
PORTAL = who("patient superuser")

# -------------------------------------------------------------------------------------- Sight

EVERY = frozenset({"*"})
HERE = frozenset({"here"})
GRANTED = frozenset({"own", "dependant", "relative", "shared"})

# Who may read of whom, anywhere.
READERS: dict[str, frozenset[str]] = {
    "here": who("volunteer both dba superuser"),
    "own": who("patient dba superuser"),
    "dependant": who("patient dba superuser"),
    "relative": who("patient dba superuser"),
    "left": KEEPERS,
    "former": KEEPERS,
    "elsewhere": KEEPERS,
    "free": KEEPERS,
    "staff": who("sales dba user_manager superuser volunteer both"),
    "account": who("dba user_manager superuser"),
}
IN_CLINIC = {"volunteer": HERE | {"given_there"}, "both": HERE | {"given_there"}}
IN_PORTAL = {"patient": GRANTED}
IN_ADMIN = {"both": HERE | {"given_there"}, "dba": EVERY, "superuser": EVERY}
IN_AUDIT = {"user_manager": frozenset({"account"}), "dba": EVERY, "superuser": EVERY}

# What a page may write that only shows, and a refusal: a demo account is signed out.
READS_WRITE = frozenset({"records_auditentry", "records_attemptcounter"})
# Whoever may read a record leaves a trace before what they may not do with it is refused.
COUNTED = frozenset({"records_attemptcounter"})
# Written before what it stands for is tried, and in the same transaction.
TAKEN_BACK = frozenset({"records_idempotencykey"})
TRACED = who("demo_elsewhere patient volunteer both")

# --------------------------------------------------------------------------------------- Rows


@dataclass(frozen=True)
class Page:
    """The answers of one URL.

    ``get`` and ``post`` say who has the operation and what they are answered; a method that is
    not named answers 405. ``about`` is the kind of object in the address, ``seen`` which of its
    cases each actor has in sight (without an entry: none; ``*``: all).
    """

    get: tuple[frozenset[str], int] | None = None
    post: tuple[frozenset[str], int] | None = None
    about: str = ""
    by: str = "public_id"
    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    but: dict[tuple[str, ...], int | str] = field(default_factory=dict)
    public: int | str | None = None
    before_factor: bool = False
    options: int = 405  # the answer to who asks what another site may send
    within: frozenset[str] = SIGNED_IN  # who gets in where the page is
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    address: Callable[[Any], str] | None = None

    def operation(self, method: str) -> tuple[frozenset[str], int] | None:
        """Return who has the operation and its answer, or None for one that there is not."""
        return {"GET": self.get, "HEAD": self.get, "POST": self.post}.get(method)

    def may(self, actor: str, method: str) -> bool:
        """Tell whether an actor ever has the operation."""
        operation = self.operation(method)
        return operation is not None and actor in operation[0]

    def expected(self, actor: str, method: str, case: str) -> int | str:
        """Return the answer of one cell."""
        operation = self.operation(method)
        if method not in PAGE_METHODS:
            return self.options if method == "OPTIONS" else 405
        for key in ((actor, method, case), (actor, case)):
            if key in self.but and operation is not None:
                return self.but[key]
        if actor in OUT:
            if self.public is None:
                return SIGN_IN
            return 405 if operation is None else self.public
        if actor == NO_FACTOR:
            if not self.before_factor:
                return ENROL
            actor = "dba"
        if operation is None:
            return 405 if actor in self.within else 403
        allowed, status = operation
        if actor not in allowed:
            return 403
        if case and not self.seen.get(actor, frozenset()) & {case, "*"}:
            return 404
        return 404 if case == "absent" else status


@dataclass(frozen=True)
class Api(Page):
    """The answers of one URL of the API; a change is sent as JSON with what `body` says.

    The request names the version that it saw. Without a `body` a change that is allowed is
    refused for what is missing in it (422). In a body, a tuple of kind and case stands for the
    public id of an object of the world.
    """

    patch: tuple[frozenset[str], int] | None = None
    put: tuple[frozenset[str], int] | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    shows: frozenset[str] = NOBODY  # marks of others that belong to the answer
    no_method: int = 405

    def operation(self, method: str) -> tuple[frozenset[str], int] | None:
        """Return who has the operation and its answer, or None for one that there is not."""
        changes = {"PATCH": self.patch, "PUT": self.put}
        return changes[method] if method in changes else super().operation(method)

    def expected(self, actor: str, method: str, case: str) -> int | str:
        """Return the answer of one cell."""
        operation = self.operation(method)
        if actor in OUT and self.public is None:
            return UNKNOWN_CALLER
        if actor == NO_FACTOR:
            return 403
        if operation is None:
            return self.no_method
        if actor in OUT:
            return self.public or UNKNOWN_CALLER
        for key in ((actor, method, case), (actor, case)):
            if key in self.but:
                return self.but[key]
        allowed, status = operation
        if actor not in allowed:
            return 403
        if case and not self.seen.get(actor, frozenset()) & {case, "*"}:
            return 404
        return 404 if case == "absent" else status
