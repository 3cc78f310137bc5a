"""SMART Health Links of a record: list them, make one, revoke one."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import django_filters as filters
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records import access
from records.api.base import Resource, visible_or_404
from records.api.conditions import seen_version
from records.api.filters import Known, Reference
from records.api.inputs import Input, Nothing
from records.api.shapes import Moment
from records.domain.share_links import (
    MOST_VIEWS,
    create_share_link,
    link_page,
    link_text,
    revoke_share_link,
)
from records.models import Patient, ShareLink

LASTS = dt.timedelta(days=7)


class ShareLinkShape(serializers.ModelSerializer[ShareLink]):
    """A link to a record, without its address and key."""

    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")
    has_passcode = serializers.BooleanField()

    class Meta:
        model = ShareLink
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "patient",
            "label",
            "created_at",
            "expires_at",
            "has_passcode",
            "tries_left",
            "views",
            "views_allowed",
            "revoked_at",
        )


class NewLinkShape(ShareLinkShape):
    """A link that was made, with what opens it: nobody else is told."""

    expires_at = serializers.DateTimeField(allow_null=True)
    tries_left = serializers.IntegerField(allow_null=True)
    views_allowed = serializers.IntegerField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    link = serializers.CharField(help_text="The SMART Health Link: `shlink:/…`.")
    page = serializers.URLField(help_text="Where a browser opens it.")

    class Meta(ShareLinkShape.Meta):
        fields: ClassVar[tuple[str, ...]] = (*ShareLinkShape.Meta.fields, "link", "page")


class LinkInput(Input):
    """A link to make."""

    # A serializer has a label of its own, which the framework puts back in place.
    label = serializers.CharField(  # type: ignore[assignment]
        required=False, allow_blank=True, max_length=80, help_text="For whom or what; in the link."
    )
    passcode = serializers.CharField(
        required=False, allow_blank=True, help_text="6 to 64 characters, or none."
    )
    expires_at = Moment(
        required=False, allow_null=True, help_text="In a week if left out; null: never."
    )
    views_allowed = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_VIEWS, help_text="null: any."
    )


class OwnFilter(filters.FilterSet):
    """Links to one record, by whether they were revoked."""

    revoked = Known("revoked_at")


class ShareLinkFilter(OwnFilter):
    """Links by patient, and whether they were revoked."""

    patient = Reference("patient")


class ShareLinks(Resource):
    """Links to the records that the caller may share."""

    model = ShareLink
    shape = ShareLinkShape
    scope = "doses"  # whoever has a link reads them
    needs: ClassVar[dict[str, tuple[str, ...]]] = {
        "list": ("share_own_record", "view_sharelink"),
        "create": ("share_own_record",),
        "revoke": ("share_own_record",),
    }
    inputs: ClassVar[dict[str, Any]] = {"revoke": Nothing}
    filterset_class: ClassVar[Any] = ShareLinkFilter
    patient_column = "patient_id"
    instead_of_delete = "revoke"

    def annotate(self, rows: QuerySet[Any], moment: dt.datetime | None) -> QuerySet[Any]:
        """Tell whether there is a passcode, and nothing else of it."""
        given = ExpressionWrapper(~Q(passcode=""), output_field=BooleanField())
        return rows.annotate(has_passcode=given)

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Revoke a link: it does not work from now on."""
        link, version = self.get_object(), seen_version(request)
        self.given()
        return self.done(lambda: revoke_share_link(by=request.user, link=link, version=version))


class PatientShareLinks(ShareLinks):
    """The links to one record, below the patient's own address."""

    filterset_class = OwnFilter
    inputs: ClassVar[dict[str, Any]] = {"create": LinkInput}
    answers: ClassVar[dict[str, Any]] = {"create": NewLinkShape}

    def get_queryset(self) -> QuerySet[Any]:
        """Return the links to the record of the patient that the address names."""
        return super().get_queryset().filter(patient=self._owner().pk)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a link. Only this answer, and a repeat of it, holds what opens it."""
        patient = self._owner()

        def make() -> ShareLink:
            given = {"expires_at": timezone.now() + LASTS, **self.given()}
            return create_share_link(by=request.user, patient=patient, **given)[0]

        response = self.done(make, status.HTTP_201_CREATED)
        link = visible_or_404(request.user, ShareLink, response.data["id"])
        response.data["link"] = link_text(by=request.user, link=link)
        response.data["page"] = link_page(by=request.user, link=link)
        response["Location"] = reverse("api-share-links-detail", kwargs={"id": link.public_id})
        return response

    def _owner(self) -> Patient:
        """Return the patient if the caller may share the record, or see that it is shared."""
        patient = visible_or_404(self.request.user, Patient, self.kwargs["patient"])
        user = self.request.user
        if not (user.has_perm("records.view_sharelink") or access.may_share(user, patient)):
            raise Http404
        return patient
