"""The operation ``$health-cards-issue``: a patient's SMART Health Cards for a wallet."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.base import Resource
from records.api.fhir.doses import refusal
from records.api.fhir.views import FhirView
from records.codecs.fhir.elements import Unreadable
from records.codecs.fhir.health_cards import asks_for_doses, issued
from records.domain.codes import patient_with_codes
from records.domain.credentials import as_issued, issue_credentials
from records.domain.reading import RECORD, note_read
from records.models import Credential, CredentialFormat, Patient


class HealthCards(FhirView, Resource):
    """Cards of a patient, made where they are missing; asked again, the same ones."""

    model = Credential
    scope = "doses"
    needs: ClassVar[dict[str, tuple[str, ...]]] = {
        "issue": ("issue_credential", "change_own_contact")
    }

    def parameters(self) -> frozenset[str]:
        """Return the names that the query may hold."""
        return frozenset({"_format"})

    def issue(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the patient's cards as Parameters; none where no card has what is asked for."""
        patient = patient_with_codes(by=request.user, public_id=self.kwargs["id"])
        try:
            wanted = asks_for_doses(request.data)
        except Unreadable as error:
            raise refusal([(fault.path, fault.code, fault.text) for fault in error.faults]) from (
                error
            )
        cards = self._cards(patient) if wanted else []
        note_read(by=request.user, patients=[patient], what=RECORD)
        return Response(issued(as_issued(by=request.user, credential=card) for card in cards))

    def _cards(self, patient: Patient) -> list[Credential]:
        try:
            return issue_credentials(
                by=self.request.user, patient=patient, format=CredentialFormat.SHC
            )
        except ValidationError as error:
            # No element of the request is to blame.
            faults = [fault for faults in error.error_dict.values() for fault in faults]
            raise ValidationError(faults) from error
