"""The command that makes, replaces and withdraws the issuer's keys."""

import datetime as dt
from dataclasses import replace
from io import StringIO
from pathlib import Path
from unittest import mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import CommandError, call_command
from django.utils import timezone

from records.codecs import hcert, shc
from records.codecs.credentials import Format, Kind
from records.domain import boxes, credentials, issuer_keys
from records.models import AuditEntry
from tests.records import factories as make
from tests.records import issuer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def file(settings, tmp_path):
    """Start without keys; return where they will be."""
    make.ensure_roles()
    path = tmp_path / "var" / "keys.json"
    settings.ISSUER = replace(settings.ISSUER, keys="", keys_file=path)
    return path


def rotate(*options):
    out = StringIO()
    call_command("rotate_issuer_key", *options, stdout=out)
    return out.getvalue()


def kid(format):
    return issuer_keys.signing(format).kid


def kids(format):
    return [key.kid for key in issuer_keys.published(format)]


def test_keys_are_made_for_their_owner_only(file):
    said = rotate()

    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    assert all(kid(format) in said for format in Format)
    actions = AuditEntry.objects.filter(action="issuerkey.made")
    assert {entry.fields[0] for entry in actions} == {kid(format) for format in Format}


def test_new_key_signs_and_the_earlier_one_counts():
    rotate()
    dose = make.make_dose()
    earlier = issuer.issue_one(dose.patient)
    old = kid(Format.SHC)

    rotate("--format", "shc")

    assert kids(Format.SHC) == [kid(Format.SHC), old]
    held = {each.kid: each for each in issuer_keys.held_keys()}
    assert held[old].private_key is None
    assert [key["kid"] for key in credentials.jwks()["keys"]] == kids(Format.SHC)

    later = issuer.issue_one(dose.patient)
    assert (earlier.kid, later.kid) == (old, kid(Format.SHC))
    assert issuer.cause(earlier) == ""
    text = credentials.as_issued(by=make.system(), credential=earlier)
    assert shc.read(text).kid == old


def test_missing_keys_are_made_and_others_left():
    rotate("--format", "shc")
    before = kid(Format.SHC)

    rotate("--if-missing")
    rotate("--if-missing")

    assert kids(Format.SHC) == [before]
    assert len(kids(Format.DCC)) == 1


def test_file_that_cannot_be_read_is_not_written_over(file):
    rotate()
    file.write_text("{")

    for options in ([], ["--if-missing"], ["--compromised", "x"]):
        with pytest.raises(CommandError, match="backup"):
            rotate(*options)
    assert file.read_text() == "{"


def test_keys_of_the_environment_are_rotated_there(settings):
    settings.ISSUER = replace(settings.ISSUER, keys=issuer.keys())

    with pytest.raises(CommandError, match="ISSUER_KEYS"):
        rotate()


def test_file_that_cannot_be_replaced_leaves_no_copy_of_the_key(file, monkeypatch):
    rotate()
    before = file.read_text()
    monkeypatch.setattr(Path, "replace", mock.Mock(side_effect=OSError))

    with pytest.raises(CommandError, match="cannot be written"):
        rotate()

    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]


def test_link_to_the_file_stays_a_link(file, settings, tmp_path):
    rotate()
    link = tmp_path / "link.json"
    link.symlink_to(file)
    settings.ISSUER = replace(settings.ISSUER, keys_file=link)

    rotate()

    assert link.is_symlink()
    assert link.read_text() == file.read_text()


def test_compromised_key_disappears_and_takes_what_it_signed():
    rotate()
    patient = make.make_dose().patient
    card, lost = issuer.issue_one(patient), kid(Format.SHC)

    said = rotate("--compromised", lost)

    assert "1 credentials are revoked" in said
    assert "Nothing signs shc now" in said
    assert credentials.jwks() == {"keys": []}
    assert issuer.cause(card) == "key-compromised"
    assert credentials.revocation_list(lost) is not None

    rotate("--format", "shc")
    assert issuer.issue_one(patient).kid != lost


def test_withdrawing_goes_on_where_it_was_interrupted():
    rotate()
    card, lost = issuer.issue_one(make.make_dose().patient), kid(Format.SHC)
    rotate("--compromised", lost)
    type(card).objects.update(revoked_at=None, revocation_cause="")

    assert "1 credentials are revoked" in rotate("--compromised", lost)
    with pytest.raises(CommandError, match="no such key"):
        rotate("--compromised", lost)


def test_own_certificate_is_for_vaccinations_of_this_country(settings):
    rotate("--format", "dcc")

    certificate = issuer_keys.signing(Format.DCC).certificate
    assert hcert.usages_of(certificate) == {Kind.VACCINATION}
    assert issuer_keys.signing_key(Format.DCC).country == settings.ISSUER.country


def certified(request):
    """Return the certificate that an authority makes of a request."""
    authority = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(
        extensions=list(request.extensions),
        subject_name=request.subject,
        issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")]),
        public_key=request.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=timezone.now(),
        not_valid_after=timezone.now() + dt.timedelta(days=30),
    )
    return builder.sign(authority, SHA256())


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_key_waits_for_the_certificate_of_an_authority(tmp_path, encoding):
    rotate()
    own = kid(Format.DCC)
    request = x509.load_pem_x509_csr(rotate("--csr").encode())
    assert request.is_signature_valid
    assert kids(Format.DCC) == [own]

    certificate = certified(request)
    path = tmp_path / "certificate"
    path.write_bytes(certificate.public_bytes(encoding))
    rotate("--certificate", str(path))

    assert issuer_keys.signing(Format.DCC).certificate == certificate
    assert kids(Format.DCC) == [kid(Format.DCC), own]
    assert len(issuer_keys.held_keys()) == 3
    # No credential outlives its signer's certificate.
    dose = issuer.eu_dose(make.make_patient())
    issued = issuer.issue_one(dose.patient, "dcc")
    assert issued.expires_at == certificate.not_valid_after_utc
    assert hcert.read(boxes.unseal(issued.content).decode()).statement.expires_at

    with pytest.raises(CommandError, match="No key waits"):
        rotate("--certificate", str(path))


def test_file_that_is_no_certificate_is_named(tmp_path):
    path = tmp_path / "nothing"
    path.write_text("nothing")

    with pytest.raises(CommandError, match="nothing cannot be read"):
        rotate("--certificate", str(path))
