"""What the server finds in a code, the browser finds too, and says the same about the person."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.utils import timezone
from playwright.sync_api import Page

from records.codecs.credentials import Format, Outcome, Statement
from records.domain import doses
from records.domain.boxes import unseal
from records.domain.issuer_keys import as_json
from records.domain.key_rotation import new_key
from records.domain.verification import check, trust_bundle
from records.models import Credential
from tests.e2e.verify_cases import Case, believe, cases, mutations
from tests.e2e.verifying import opened
from tests.records import factories as make
from tests.records import issuer

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

CHECK_ALL = """
async ([cases, bundle]) => {
  const { check } = await import(document.querySelector("script[type=module]").src);
  const found = {};
  for (const [name, text, at] of cases) {
    const finding = await check(text, bundle, at);
    const shown = JSON.stringify(finding.statement, (key, value) =>
      typeof value === "bigint" ? Number(value) : value);
    found[name] = [finding.outcome, shown, finding.issuerName ?? ""];
  }
  return found;
}
"""


def test_browser_and_server_find_the_same(browser_page: Page) -> None:
    believe()
    told = cases() | mutations(600)
    by_server = {name: server_finds(case) for name, case in told.items()}

    found = browser_finds(browser_page, told)

    differing = {n: (by_server[n], found[n]) for n in told if by_server[n] != found[n]}
    assert differing == {}
    assert {outcome for outcome, *_ in by_server.values()} == set(Outcome)


def test_own_codes_are_found_the_same(browser_page: Page, settings: Any) -> None:
    patient, now = make.make_patient(), timezone.now()
    goes, _ = (issuer.eu_dose(patient, days) for days in (30, 60))
    issued = [*issuer.issue(patient), *issuer.issue(patient, "dcc")]
    told = {f"{number}": Case(text_of(one), now) for number, one in enumerate(issued)}

    def outcomes() -> list[str]:
        by_server = {name: server_finds(case) for name, case in told.items()}
        assert browser_finds(browser_page, told) == by_server
        return sorted(f"{outcome}" for outcome, *_ in by_server.values())

    assert outcomes() == ["valid"] * 3
    doses.void_dose(by=make.system(), dose=goes, version=goes.version, reason="Wrong patient")
    assert outcomes() == ["revoked", "revoked", "valid"]
    # A key that leaked is taken out, and another one signs.
    settings.ISSUER = replace(settings.ISSUER, keys=as_json(tuple(map(new_key, Format))))
    assert outcomes() == ["revoked", "revoked", "unknown-issuer"]


def browser_finds(page: Page, told: dict[str, Case]) -> dict[str, list[Any]]:
    opened(page)
    asked = [[name, text, at.timestamp() * 1000] for name, (text, at) in told.items()]
    found = page.evaluate(CHECK_ALL, [asked, trust_bundle()])
    return {name: [o, orjson.loads(shown), who] for name, (o, shown, who) in found.items()}


def text_of(credential: Credential) -> str:
    return unseal(bytes(credential.content)).decode()


def server_finds(case: Case) -> list[Any]:
    finding = check(case.text, at=case.at)
    shown = finding.statement and as_script(finding.statement)
    return [finding.outcome, shown, finding.issuer_name]


def as_script(statement: Statement) -> Any:
    """Return a statement as the script has it: other names, and milliseconds."""
    members = {name: getattr(statement, name) for name in statement._fields}
    for name in ("issued_at", "not_before", "expires_at"):
        members[name] = members[name] and members[name].timestamp() * 1000
    return _renamed(members)


def _renamed(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, list | tuple):
        return [_renamed(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {re.sub(r"_([a-z])", _capital, key): _renamed(member) for key, member in value.items()}


def _capital(found: re.Match[str]) -> str:
    return found[1].upper()
