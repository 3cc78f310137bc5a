"""Many doses in one request, each with an answer of its own."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.base import Resource
from records.api.doses import DoseInput
from records.api.inputs import Input
from records.api.problems import first, nested_entries
from records.domain.dose_bulk import MOST, Fate, GivenDose, Result, record_doses
from records.domain.idempotency import answer_once
from records.models import Dose


class Rows(serializers.ListSerializer[Any]):
    """Rows that are judged one by one: an error takes the place of its row's values."""

    def run_child_validation(self, data: Any) -> Any:
        """Return the values of a row, or what is wrong with it."""
        try:
            return super().run_child_validation(data)
        except ValidationError as error:
            return error


# The domain looks up what these name, for all rows at once.
Key: Any = serializers.UUIDField


class BulkRow(DoseInput):
    """A dose as `POST /doses` takes it."""

    patient = Key()
    lot = Key(required=False, allow_null=True)
    vaccine = Key(required=False, allow_null=True, help_text="Only where the lot is unknown.")
    manufacturer = Key(required=False, allow_null=True, help_text="Beside a vaccine, if known.")
    volunteer = Key(required=False, allow_null=True)
    clinic = Key(required=False, allow_null=True)


class BulkInput(Input):
    """The doses, in the order in which they count as recorded."""

    doses = Rows(child=BulkRow(), min_length=1, max_length=MOST)


class BulkError(serializers.Serializer[Any]):
    """Why a row was not recorded."""

    field = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class BulkResult(serializers.Serializer[Any]):
    """What became of one row."""

    row = serializers.IntegerField(help_text="Its place in the request, from 0.")
    status = serializers.ChoiceField([fate.value for fate in Fate])
    id = serializers.UUIDField(allow_null=True, help_text="The dose that is on record.")
    errors: Any = BulkError(
        many=True, help_text="The rules that it breaks, or what a person has to judge."
    )


class BulkAnswer(serializers.Serializer[Any]):
    """What became of each row, in the order of the request."""

    results = BulkResult(many=True)


class DoseBulk(Resource):
    """Doses by the thousand."""

    model = Dose
    shape = BulkAnswer
    scope = "doses"
    needs = {"record": ("add_dose",)}
    inputs = {"record": BulkInput}
    answers = {"record": BulkAnswer}
    key_needed = frozenset({"record"})

    def record(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record up to 1,000 doses, each by itself: some may be refused, the others are recorded.

        Answers 200 when the request as a whole was taken; what became of a row is in its result.
        `known` is a row whose source and id are on record with the same content.
        """
        rows = self.given()["doses"]
        asked = self.keyed()
        assert asked is not None, "a key is needed"
        return Response({"results": answer_once(**asked, act=lambda: self._record(rows))})

    def _record(self, rows: list[Any]) -> list[dict[str, Any]]:
        given = [
            GivenDose(place, **{name: value for name, value in row.items() if value is not None})
            for place, row in enumerate(rows)
            if not isinstance(row, ValidationError)
        ]
        try:
            results = record_doses(by=self.request.user, rows=given)
        except IntegrityError:
            # Somebody wrote one of these keys meanwhile. Now it is on record and will be known.
            results = record_doses(by=self.request.user, rows=given)
        recorded = (_told(result) for result in results)
        return [
            _unreadable(place, row) if isinstance(row, ValidationError) else next(recorded)
            for place, row in enumerate(rows)
        ]


def _told(result: Result) -> dict[str, Any]:
    return {
        "row": result.row,
        "status": result.fate.value,
        "id": result.id and str(result.id),
        "errors": [
            {"field": finding.field, "code": finding.code, "detail": finding.message}
            for finding in result.findings
        ],
    }


def _unreadable(place: int, error: ValidationError) -> dict[str, Any]:
    errors, _more = first(nested_entries(error.get_full_details()))
    return {"row": place, "status": Fate.REFUSED.value, "id": None, "errors": errors}
