"""A patient's passport: every completed dose, as it was on its day."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse, HttpResponseNotModified
from rest_framework import serializers
from rest_framework.request import Request

from records.access import OutOfSight
from records.api.base import Resource
from records.api.conditions import has
from records.api.rendering import JSONRenderer, to_json
from records.domain.passports import Passport, PassportDose, passport_of
from records.domain.patients import resolve_patient
from records.models import Patient


class PassportDoseShape(serializers.Serializer[Any]):
    """One completed dose; names are those of its day."""

    id = serializers.UUIDField()
    administered_on = serializers.DateField()
    vaccine_name = serializers.CharField()
    cvx_code = serializers.CharField()
    manufacturer_name = serializers.CharField()
    lot_number = serializers.CharField()
    lot_recalled_on = serializers.DateField(allow_null=True)
    clinic_name = serializers.CharField()
    volunteer_name = serializers.CharField()
    site = serializers.CharField()
    route = serializers.CharField()
    primary_source = serializers.BooleanField()
    positions = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="The dose's rank in the series against each disease (SNOMED CT).",
    )


class PassportShape(serializers.Serializer[Any]):
    """All completed doses of a patient, newest first."""

    patient = serializers.UUIDField()
    doses = PassportDoseShape(many=True)


class PassportView(Resource):
    """Passports: of the patients whom the caller sees."""

    model = Patient
    shape = PassportShape
    scope = "doses"
    needs: ClassVar[dict[str, tuple[str, ...]]] = {"list": ("view_dose", "view_own_record")}

    def parameters(self) -> frozenset[str]:
        """Return what the query may hold."""
        return frozenset({"as_of"})

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Return all completed doses of a patient, now or as of a moment.

        The entity tag covers what is shown and to whom.
        """
        passport = self._passport()
        body = to_json({"patient": passport.public_id, "doses": list(map(_shown, passport.doses))})
        etag = _etag(request.user, body)
        response: HttpResponse
        if has(request, etag):
            response = HttpResponseNotModified()
        else:
            response = HttpResponse(body, content_type=JSONRenderer.media_type)
        response["ETag"] = etag
        return response

    def _passport(self) -> Passport:
        """Return the passport; the identifier of a merged record leads to the one that remains."""
        user, public_id, moment = self.request.user, self.kwargs["id"], self.moment()
        try:
            passport = passport_of(by=user, public_id=public_id, moment=moment)
        except OutOfSight:
            passport = None
        if passport is not None and (passport.doses or moment is not None):
            return passport
        try:
            remaining = resolve_patient(by=user, public_id=public_id).public_id
        except OutOfSight:  # or granted, which leads nowhere else
            if passport is None:
                raise
            return passport
        if passport is not None and remaining == public_id:
            return passport
        return passport_of(by=user, public_id=remaining, moment=moment)


def _shown(dose: PassportDose) -> dict[str, Any]:
    return {
        "id": dose.public_id,
        "administered_on": dose.administered_on,
        "vaccine_name": dose.vaccine_name,
        "cvx_code": dose.cvx_code,
        "manufacturer_name": dose.manufacturer_name,
        "lot_number": dose.lot_number,
        "lot_recalled_on": dose.lot_recalled_on,
        "clinic_name": dose.clinic_name,
        "volunteer_name": dose.volunteer_name,
        "site": dose.site,
        "route": dose.route,
        "primary_source": dose.primary_source,
        "positions": dose.positions,
    }


def _etag(user: Any, body: bytes) -> str:
    """Return a keyed digest: a tag that ends up in a log must not let anybody try contents out."""
    key = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    digest = hashlib.blake2b(body, digest_size=16, key=key, salt=b"passport")
    digest.update(user.pk.to_bytes(8))
    return f'"{digest.hexdigest()}"'
