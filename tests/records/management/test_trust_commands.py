"""Commands about trust and codes: load_trust, distrust_issuer, verify_code."""

from __future__ import annotations

import io
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from records.codecs import qr, shc
from records.models import TrustedIssuer, TrustedKey
from tests.records import factories as make
from tests.records.signing import DAY, ISS, NOW, PERSON, CardIssuer, CountrySigner, changed


def run(*arguments):
    """Return the status and what a command printed."""
    printed, status = StringIO(), 0
    try:
        call_command(*map(str, arguments), stdout=printed, stderr=printed)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, printed.getvalue()


def jwks(path: Path, *issuers: CardIssuer) -> Path:
    path.write_text(json.dumps({"keys": [issuer.jwk() for issuer in issuers]}))
    return path


# --------------------------------------------------------------------------------- load_trust


@pytest.fixture
def roles(db):
    make.ensure_roles()


@pytest.mark.usefixtures("roles")
def test_load_says_what_changed_and_again_that_nothing_did(tmp_path):
    file = jwks(tmp_path / "jwks.json", CardIssuer())

    _, first = run("load_trust", file, "--iss", ISS, "--name", "Clinic")
    _, second = run("load_trust", file, "--iss", ISS, "--name", "Clinic")

    assert first == f"{ISS} (Clinic): 1 keys added, 0 removed, 0 changed, 0 unchanged.\n"
    assert second == f"{ISS} (Clinic): 0 keys added, 0 removed, 0 changed, 1 unchanged.\n"


@pytest.mark.usefixtures("roles")
def test_dry_run_says_the_same_and_writes_nothing(tmp_path):
    file = jwks(tmp_path / "jwks.json", CardIssuer())

    _, printed = run("load_trust", file, "--iss", ISS, "--dry-run")

    assert "1 keys added" in printed
    assert "nothing was written" in printed
    assert not TrustedIssuer.objects.exists()


@pytest.mark.usefixtures("roles")
def test_one_wrong_file_keeps_all_from_being_loaded(tmp_path):
    good, bad = tmp_path / "good.pem", tmp_path / "bad.pem"
    good.write_bytes(CountrySigner().pem)
    bad.write_text("not base64!")

    with pytest.raises(CommandError, match=r"Nothing was written. bad.pem: is not base64"):
        run("load_trust", good, bad)

    assert not TrustedIssuer.objects.exists()


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("option", ["--iss", "--country"])
def test_file_that_does_not_say_whose_keys_it_holds_needs_an_option(tmp_path, option):
    file = tmp_path / "file"
    if option == "--iss":
        jwks(file, CardIssuer())
    else:
        file.write_bytes(CountrySigner("").pem)

    with pytest.raises(CommandError, match=option):
        run("load_trust", file)


@pytest.mark.usefixtures("roles")
def test_issuer_that_no_card_can_name_is_refused(tmp_path):
    file = jwks(tmp_path / "jwks.json", CardIssuer())

    with pytest.raises(CommandError, match="without a slash"):
        run("load_trust", file, "--iss", f"{ISS}/")

    assert not TrustedKey.objects.exists()


@pytest.mark.usefixtures("roles")
def test_complete_list_removes_the_signers_that_it_lacks(tmp_path):
    first, second = CountrySigner(), CountrySigner()
    file = tmp_path / "signers.pem"
    file.write_bytes(first.pem)
    run("load_trust", file)
    file.write_bytes(second.pem)

    _, kept = run("load_trust", file, "--dry-run")
    _, removed = run("load_trust", file, "--complete")

    assert "1 keys added, 0 removed" in kept
    assert "1 keys added, 1 removed" in removed


@pytest.mark.usefixtures("roles")
def test_distrusted_issuer_stays_so_until_it_is_taken_back(tmp_path):
    issuer = CardIssuer()
    file = jwks(tmp_path / "jwks.json", issuer)
    run("load_trust", file, "--iss", ISS)
    check = ("verify_code", issuer.card(), "--at", "2025-03-02T00:00:00Z")
    assert run(*check)[0] == 0

    run("distrust_issuer", "shc", ISS, "--reason", "It signs anything.")
    _, loaded = run("load_trust", file, "--iss", ISS)

    assert "Distrusted: none of them counts." in loaded
    status, printed = run(*check)
    assert (status, printed.split(":")[0]) == (1, "unknown-issuer")

    run("distrust_issuer", "shc", ISS, "--reason", "It does not.", "--undo")
    assert run(*check)[0] == 0


@pytest.mark.usefixtures("roles")
def test_issuer_that_is_not_on_the_list_cannot_be_distrusted():
    with pytest.raises(CommandError, match="not on the trust list"):
        run("distrust_issuer", "dcc", "AT", "--reason", "Why not.")


# -------------------------------------------------------------------------------- verify_code

AT = ("--at", NOW.isoformat())


@pytest.fixture
def card(tmp_path):
    """Return an issuer of cards whose keys are in a file, and that file."""
    issuer = CardIssuer()
    return issuer, jwks(tmp_path / "jwks.json", issuer)


def test_code_is_checked_with_given_keys_and_without_a_database(card):
    issuer, trust = card

    status, printed = run("verify_code", issuer.card(), "--trust", trust, *AT)

    assert status == 0
    assert printed.startswith("valid: ")
    assert f"{PERSON.family}, {PERSON.given}" in printed
    assert f"issuer   {ISS}" in printed


def test_certificate_is_checked_with_its_signers_certificate(tmp_path):
    signer = CountrySigner()
    trust = tmp_path / "signer.pem"
    trust.write_bytes(signer.pem)

    status, printed = run("verify_code", signer.write(), "--trust", trust, *AT)

    assert status == 0
    assert "SESELJ<NOVAK" in printed
    assert "dose 2 of 2" in printed


def test_one_code_that_is_not_valid_makes_the_status_1(card):
    issuer, trust = card
    late = issuer.card(exp=int((NOW - DAY).timestamp()))

    status, printed = run(
        "verify_code", issuer.card(), changed(issuer.card()), late, "x", "--trust", trust, *AT
    )

    outcomes = [line.split(":")[0] for line in printed.splitlines() if not line.startswith(" ")]
    assert (status, outcomes) == (1, ["valid", "tampered", "expired", "malformed"])


def test_json_is_one_object_a_line_and_shows_nothing_unsigned(card):
    issuer, trust = card

    _, printed = run(
        "verify_code", issuer.card(), changed(issuer.card()), "--trust", trust, *AT, "--json"
    )

    good, bad = map(json.loads, printed.splitlines())
    assert (good["outcome"], good["person"]["family"]) == ("valid", PERSON.family)
    assert good["not_before"] == "2025-03-01T12:00:00Z"
    assert (bad["outcome"], bad["person"], bad["doses"], bad["issuer"]) == (
        "tampered",
        None,
        [],
        None,
    )


@pytest.mark.parametrize("form", ["picture", "text", "cards", "chunks"])
def test_codes_are_read_from_files(card, tmp_path, form):
    issuer, trust = card
    code, file = issuer.card(), tmp_path / "file"
    digits = shc.numeric(code).removeprefix("shc:/")
    content = {
        "picture": qr.png(shc.numeric(code)),
        "text": f"\n{code}\r\n".encode(),
        "cards": shc.file([code]),
        "chunks": f"shc:/1/2/{digits[:200]}\nshc:/2/2/{digits[200:]}\n".encode(),
    }[form]
    file.write_bytes(content)

    status, printed = run("verify_code", file, "--trust", trust, *AT)

    assert (status, printed.split(":")[0]) == (0, "valid")


def test_codes_are_read_from_standard_input(card, monkeypatch):
    issuer, trust = card
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{issuer.card()}\n\nx\n"))

    _, printed = run("verify_code", "-", "--trust", trust, *AT)

    outcomes = [line.split(":")[0] for line in printed.splitlines() if not line.startswith(" ")]
    assert outcomes == ["valid", "malformed"]


def test_file_without_a_code_is_malformed_and_the_next_one_is_checked(card, tmp_path):
    issuer, trust = card
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "none.json").write_text("{}")
    files = [tmp_path / name for name in ("empty.txt", "noise", "none.json")]

    status, printed = run("verify_code", *files, issuer.card(), "--trust", trust, *AT)

    outcomes = [line.split(":")[0] for line in printed.splitlines() if not line.startswith(" ")]
    assert (status, outcomes) == (1, [*["malformed"] * 3, "valid"])


def test_folders_of_codes_and_keys_are_read_and_each_finding_tells_its_source(card, tmp_path):
    issuer, trust = card
    signer = CountrySigner()
    keys, codes = tmp_path / "keys", tmp_path / "codes"
    keys.mkdir()
    codes.mkdir()
    trust.rename(keys / "jwks.json")
    (keys / "signer.der").write_bytes(signer.der)
    (codes / "a.txt").write_text(f"{issuer.card()}\n\n{changed(issuer.card())}\n")
    (codes / "b.png").write_bytes(qr.png(signer.write()))
    (codes / "c.txt").write_text("\n")

    status, printed = run("verify_code", codes, issuer.card(), "--trust", keys, *AT, "--json")
    _, told = run("verify_code", codes, "--trust", keys, *AT)

    found = [(each["source"], each["outcome"]) for each in map(json.loads, printed.splitlines())]
    assert status == 1
    assert found == [
        ("a.txt:1", "valid"),
        ("a.txt:3", "tampered"),
        ("b.png", "valid"),
        ("c.txt", "malformed"),
        ("", "valid"),
    ]
    assert "  source   a.txt:3\n" in told


@pytest.mark.parametrize("text", ["yesterday", "2021-06-01", "2021-06-01T00:00:00", "2021-13-01"])
def test_clock_without_its_offset_is_refused(text):
    with pytest.raises(CommandError, match="is not a moment"):
        run("verify_code", "x", "--at", text)


def test_trust_file_that_is_wrong_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.pem"):
        run("verify_code", "x", "--trust", tmp_path / "nothing.pem")
