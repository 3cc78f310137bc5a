"""Checking of signed codes, for anybody: nobody signs in, and nothing of a code is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.inputs import Input
from records.codecs.credentials import Kind, Outcome
from records.domain.verification import check
from records.domain.verification_words import as_members
from records.models import CredentialFormat

LONGEST = 200_000
"""Characters; a code in a picture has at most some 4,000, a card in a file may be longer."""


class CodeInput(Input):
    """A code, as it was scanned or copied."""

    code = serializers.CharField(
        max_length=LONGEST,
        help_text="`shc:/…` or the JWS of a SMART Health Card, or `HC1:…` of an EU certificate.",
    )


class IssuerShape(serializers.Serializer[Any]):
    """Whose key made the signature."""

    identifier = serializers.CharField(help_text="`iss` of a card; two letters of a country.")
    name = serializers.CharField()
    checked_at = serializers.DateTimeField(
        allow_null=True, help_text="When the issuer's keys were last read; null for our own."
    )


class PersonShape(serializers.Serializer[Any]):
    """Whom a code is about; `plain` names are the transliterated ones."""

    family = serializers.CharField()
    given = serializers.CharField()
    family_plain = serializers.CharField()
    given_plain = serializers.CharField()
    birth_date = serializers.CharField(help_text="A day, a month, a year or empty.")


class StatedDoseShape(serializers.Serializer[Any]):
    """A dose as the code states it; what its format does not hold is empty or null."""

    day = serializers.CharField()
    vaccine = serializers.CharField()
    vaccine_system = serializers.CharField()
    disease = serializers.CharField()
    product = serializers.CharField()
    holder = serializers.CharField()
    lot_number = serializers.CharField()
    number = serializers.IntegerField(allow_null=True)
    series = serializers.IntegerField(allow_null=True)
    country = serializers.CharField()
    performer = serializers.CharField()


class DetailShape(serializers.Serializer[Any]):
    """A line of a test or a recovery, by the code's own name for it."""

    name = serializers.CharField()
    value = serializers.CharField()


class RecalledShape(serializers.Serializer[Any]):
    """A dose of our own whose lot was recalled; the code counts all the same."""

    day = serializers.DateField()
    lot_number = serializers.CharField()
    recalled_on = serializers.DateField()


class FindingShape(serializers.Serializer[Any]):
    """What checking a code found; its content only if the signature holds."""

    outcome = serializers.ChoiceField([each.value for each in Outcome])
    reason = serializers.CharField(help_text="One sentence.")
    format = serializers.ChoiceField(CredentialFormat.choices, allow_null=True)
    kind = serializers.ChoiceField([each.value for each in Kind], allow_null=True)
    issuer = IssuerShape(allow_null=True)
    person = PersonShape(allow_null=True)
    doses = StatedDoseShape(many=True)
    details = DetailShape(many=True)
    issued_at = serializers.DateTimeField(allow_null=True)
    not_before = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    recalled = RecalledShape(many=True)


def _example(name: str, **members: Any) -> OpenApiExample:
    nothing = dict.fromkeys(("kind", "issuer", "person", "issued_at", "not_before", "expires_at"))
    lists: dict[str, Any] = {"doses": [], "details": [], "recalled": []}
    value = {"format": "shc", **nothing, **lists, **members}
    return OpenApiExample(name, value, response_only=True, status_codes=["200"])


DOSE = {
    "day": "2025-01-06",
    "vaccine": "207",
    "vaccine_system": "http://hl7.org/fhir/sid/cvx",
    "disease": "",
    "product": "",
    "holder": "",
    "lot_number": "HL-1",
    "number": None,
    "series": None,
    "country": "",
    "performer": "Harbour Clinic",
}
PERSON = {
    "family": "Novák",
    "given": "Ada",
    "family_plain": "",
    "given_plain": "",
    "birth_date": "1980-05-17",
}
VALID = _example(
    "Valid",
    outcome="valid",
    reason="Signed by an issuer trusted here, and unchanged.",
    kind="vaccination",
    issuer={"identifier": "https://example.org", "name": "Example", "checked_at": None},
    person=PERSON,
    doses=[DOSE],
    issued_at="2025-01-06T10:00:00Z",
    not_before="2025-01-06T10:00:00Z",
)
TAMPERED = _example(
    "Tampered",
    outcome="tampered",
    reason="The signature does not fit: the code was changed, or others made it.",
)


class Verify(viewsets.ViewSet):
    """Signed codes, checked against this site's keys and its trust list."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    # It only reads: a repeat does nothing twice, and needs no key.
    searches: ClassVar[frozenset[str]] = frozenset({"check"})

    @extend_schema(
        request=CodeInput,
        responses=FindingShape,
        examples=[VALID, TAMPERED],
        auth=[],
    )
    def check(self, request: Request) -> Response:
        """Check a code.

        Answers 200 with an `outcome` for every text. Compare name and birth date with an identity
        document: a code says whom it is about, not who shows it.
        """
        given = CodeInput(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(as_members(check(given.validated_data["code"])))
