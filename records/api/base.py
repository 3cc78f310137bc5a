"""What every resource of the API shares: reading rows, writing through the domain."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, NoReturn, TypeVar
from uuid import UUID

import orjson
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import status, viewsets
from rest_framework.exceptions import MethodNotAllowed, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from records import access, viewers
from records.api.bounds import bounded
from records.api.conditions import answer, etag_of
from records.api.paging import KEY, PARAMETERS, Page
from records.api.problems import Problem
from records.api.shapes import (
    Moment,
    Row,
    Shape,
    chosen,
    columns_of,
    paths_of,
    read,
    rows_of,
)
from records.domain.idempotency import Done, once, sweep
from records.domain.reading import LIST, RECORD, note_known
from records.domain.unit import written
from records.history import as_of, version_by_id
from records.models import OPEN_ENDED, Record
from records.models.base import TICK
from records.sight import shown
from records.statements import Select, stand_in

R = TypeVar("R", bound=Record)

VERSION, VALID_TO = "version", "valid_to"
READS = ("list", "retrieve")
PLAIN = (PARAMETERS | {"fields"}) - {"ordering"}
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,100}")


class Resource(viewsets.GenericViewSet[Any]):
    """One kind of record: list and read it, now or as of a moment, and write through the domain.

    A subclass names its ``model``, the ``shape`` of an answer, its ``scope``, the permissions
    that it ``needs`` by action, and the columns that its list may be ordered by.
    """

    model: type[Record]
    shape: Shape
    # What one record is told as, where that is more than a row of the list tells.
    whole: ClassVar[Shape | None] = None
    scope: str
    needs: ClassVar[dict[str, tuple[str, ...]]]
    inputs: ClassVar[dict[str, Any]] = {}
    orders: ClassVar[dict[str, str]] = {"id": "id"}
    # The column that holds whom a row is about; reading it is audited.
    patient_column: ClassVar[str | None] = None
    # Whether pages without filters are asked by compiled statements; ``annotate`` then takes
    # nothing from the request.
    hot: ClassVar[bool] = False
    key_needed: ClassVar[frozenset[str]] = frozenset()
    # For the OpenAPI document: what an action answers other than the shape, the actions on one
    # record that need no If-Match, the POSTs that only read and so take no Idempotency-Key, and
    # those that answer 201.
    answers: ClassVar[dict[str, Any]] = {}
    unconditional: ClassVar[frozenset[str]] = frozenset()
    searches: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset({"create"})
    instead_of_delete: ClassVar[str | None] = None
    # Whether a parameter may stand in the query more than once.
    repeats: ClassVar[bool] = False
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    # ------------------------------------------------------------------------------ Who and what

    def needs_any(self) -> tuple[str, ...]:
        """Return the permissions of which this action needs one; whatever reads may be left out."""
        usual = self.needs.get("list", ()) if self.request.method in SAFE_METHODS else ()
        return self.needs.get(self.action, usual)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer a request, for which the caller's rights are read once."""
        with viewers.rights_read_once(), bounded(request.method):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what nobody declared, once it is clear that the caller may ask at all."""
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
            raise Problem(
                "length-needed", status.HTTP_411_LENGTH_REQUIRED, _("Say Content-Length.")
            )
        if unknown := sorted(set(request.query_params) - self.parameters()):
            raise ValidationError(dict.fromkeys(unknown, _("Unknown parameter.")), code="unknown")
        given = dict(request.query_params.lists())
        if empty := [name for name, values in given.items() if "" in values]:
            raise ValidationError(dict.fromkeys(empty, _("Give a value, or leave it out.")))
        twice = [name for name, values in given.items() if len(values) > 1 and not self.repeats]
        if twice:
            raise ValidationError(dict.fromkeys(twice, _("Given more than once.")), code="repeated")

    def parameters(self) -> frozenset[str]:
        """Return the names that the query of this action may hold."""
        if self.request.method not in ("GET", "HEAD") or self.action not in READS:
            return frozenset()
        names = {"as_of", "fields"}
        if self.action == "list":
            filterset: Any = getattr(self, "filterset_class", None)
            names |= PARAMETERS | set(filterset.base_filters if filterset else ())
        return frozenset(names)

    def get_serializer_class(self) -> Any:
        """Return what describes the request's body, or the answer of a read."""
        return self.inputs.get(self.action, self.told_as())

    def told_as(self) -> Shape:
        """Return the shape of a record in the answer of this action."""
        return self.whole or self.shape if self.action == "retrieve" else self.shape

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Answer 405; nothing is deleted, so DELETE learns what there is instead."""
        detail = None
        if request.method == "DELETE" and self.instead_of_delete:
            detail = _("Records are never deleted. Use POST …/%(instead_of_delete)s instead.") % {
                "instead_of_delete": self.instead_of_delete
            }
        raise MethodNotAllowed(request.method or "", detail)

    # ----------------------------------------------------------------------------------- Reading

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the caller may see: as they are, or were at ``?as_of=``.

        Of one record, where the address names one: its key, and not its identifier, for which
        history has no index, leads to its versions.
        """
        visible = self.in_sight()
        if "id" in self.kwargs:
            visible = visible.filter(public_id=self.kwargs["id"])
        if moment := self.moment():
            versions = as_of(self.model, moment)
            return self.annotate(versions.filter(id__in=visible.values("pk")), moment)
        return self.annotate(visible, None)

    def in_sight(self) -> QuerySet[Any]:
        """Return the rows that this action reaches for the caller."""
        return access.visible_to(self.request.user, self.model)

    def annotate(self, rows: QuerySet[Any], moment: dt.datetime | None) -> QuerySet[Any]:
        """Add what the shape reads beyond the table's own columns, to rows or to versions."""
        return rows

    def complete(self, rows: Sequence[Row], moment: dt.datetime | None) -> None:
        """Fill in what stands in no column of a row, as it is now or was at ``moment``.

        The shape gives such a name the row's key as source, which this replaces.
        """

    def moment(self) -> dt.datetime | None:
        """Return ``?as_of=``, a moment of the past with its offset; None for now."""
        text = self.request.query_params.get("as_of")
        if text is None:
            return None
        try:
            moment: dt.datetime = Moment().run_validation(text)
        except ValidationError as error:
            raise ValidationError({"as_of": error.detail}) from error
        if moment > timezone.now():
            raise ValidationError({"as_of": _("The records tell nothing of the future.")})
        return moment

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of the rows that the caller may see."""
        page = Page.of(request, self.orders)
        paths = chosen(self.shape, request.query_params.get("fields"))
        keep = tuple(dict.fromkeys((KEY, page.order.column, *self._kept())))
        if self.hot and page.order.column == KEY and set(request.query_params) <= PLAIN:
            found, more = self._plain(page, paths, keep), None
        else:
            rows, more = self.filter_queryset(self.get_queryset()), None
            if self.patient_column:  # there may be millions
                rows, more = page.find(rows)
            else:
                rows = page.cut(rows)
            found = read(rows, paths, *keep)
        self.complete(found, self.moment())
        self._note(found[: page.limit], LIST)
        return Response(page.wrap(request, found, more))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one row, with its version as entity tag."""
        paths = chosen(self.told_as(), request.query_params.get("fields"))
        found = read(self.get_queryset()[:1], paths, VERSION, *self._kept())
        if not found:
            raise Http404
        self.complete(found, self.moment())
        self._note(found, RECORD)
        return answer(request, found[0].shown, etag_of(found[0].kept[VERSION]))

    def _patient(self) -> tuple[str, ...]:
        return (self.patient_column,) if self.patient_column else ()

    def _note(self, rows: Sequence[Row], what: str) -> None:
        patients = {
            row.kept[column]: row.kept[_name_of(column)]
            for column in self._patient()
            for row in rows
            if row.kept[_name_of(column)] is not None  # deleted since
        }
        note_known(by=self.request.user, patients=patients, what=what)

    def _kept(self) -> tuple[str, ...]:
        return tuple(name for column in self._patient() for name in (column, _name_of(column)))

    def _plain(
        self,
        page: Page,
        paths: dict[str, str],
        keep: tuple[str, ...],
        build: Callable[..., QuerySet[Any, Any]] | None = None,
        **values: Any,
    ) -> Sequence[Row]:
        """Return a page without filters, or of ``build``, by a statement compiled once."""
        columns = columns_of(paths, keep)
        if page.place is not None:
            values["key"] = page.place[1]
        like = (type(self), columns, replace(page, place=None))
        rows = shown(self.request.user, build or plain_page, *like, **values)
        return rows_of(rows, columns, paths, keep)

    def get_object(self) -> Any:
        """Return the record that the address names, or raise ``Http404``."""
        return visible_or_404(self.request.user, self.model, self.kwargs["id"])

    # ----------------------------------------------------------------------------------- Writing

    def given(self) -> dict[str, Any]:
        """Return the values of the body, of the right types; raise ``ValidationError``.

        A PATCH holds what changes, and why; that it says why is the domain's to ask.
        """
        partial = self.action == "partial_update"
        serializer = self.get_serializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values

    def done(self, act: Callable[[], Record], status_code: int = status.HTTP_200_OK) -> Response:
        """Run the one domain call of a request and return the record's version that came of it.

        A repeated ``Idempotency-Key`` runs nothing and gets the same answer.
        """
        result = self._run(act)
        if result.row is None and self.request.method == "POST":
            self._need_sight(result)
        response = Response(self.version(result), status_code)
        response["ETag"] = etag_of(result.version)
        if status_code == status.HTTP_201_CREATED:
            response["Location"] = f"{self.request.path.rstrip('/')}/{result.public_id}"
        return response

    def version(self, result: Done) -> dict[str, Any]:
        """Return a version of a record as an answer: the same, whenever it is asked for."""
        found = self._version(result.public_id, result.version)
        if not found:  # deleted since
            raise Http404
        if result.row is None or not written(result.row):
            # A write is audited as such; whoever asks again, or changes nothing, reads.
            self._note(found, RECORD)
        # What belongs to a version is what stood there at its end.
        end = found[0].kept[VALID_TO]
        self.complete(found, None if end == OPEN_ENDED else end - TICK)
        return found[0].shown

    def _version(self, public_id: UUID, version: int) -> Sequence[Row]:
        paths, keep = paths_of(self.shape), (VALID_TO, *self._kept())
        if self.hot:
            columns = columns_of(paths, keep)
            place = {"public_id": public_id, "version": version}
            return rows_of(one_version(type(self), columns).fetch(place), columns, paths, keep)
        rows = version_by_id(self.model, public_id, version)
        return read(self.annotate(rows, None), paths, *keep)

    def _run(self, act: Callable[[], Record]) -> Done:
        request = self.keyed()
        if request is None:
            record = act()
            return Done(record.public_id, record.version, record)
        return once(**request, act=act)

    def keyed(self) -> dict[str, Any] | None:
        """Return what tells a repeat of this request (``once``); None if it has no key."""
        key = self._key() if self.request.method == "POST" else None
        if key is None:
            return None
        sweep()
        route = f"{self.request.method} {self.request.path}"
        said = self.request.headers.get("If-Match", "").encode() + self.said()
        return {"actor": self.request.user, "route": route, "key": key, "body": said}

    def said(self) -> bytes:
        """Return the content that a repeat of this request has to have."""
        return orjson.dumps(self.request.data, option=orjson.OPT_SORT_KEYS)

    def _key(self) -> str | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is None and self.action not in self.key_needed:
            return None
        if key is None or not IDEMPOTENCY_KEY.fullmatch(key):
            raise Problem(
                "idempotency-key-needed",
                status.HTTP_400_BAD_REQUEST,
                _(
                    "Send an Idempotency-Key of 1 to 100 visible ASCII characters, new for each"
                    " act."
                ),
            )
        return key

    def _need_sight(self, result: Done) -> None:
        rows = access.visible_to(self.request.user, self.model)
        if not rows.filter(public_id=result.public_id).exists():
            raise Http404


def visible_or_404(user: Any, model: type[R], public_id: UUID) -> R:
    """Return the record with this identifier; raise ``Http404`` for one out of sight or absent."""
    record = access.find(user, model, public_id)
    if record is None:
        raise Http404
    return record


def plain_page(
    viewer: Any,
    resource: type[Resource],
    columns: tuple[str, ...],
    page: Page,
    key: int | None = None,
) -> QuerySet[Any, Any]:
    """Return a page of a resource in the order of its keys, from ``key`` on if one is given."""
    if key is not None:
        page = replace(page, place=(key, key))
    rows = resource().annotate(access.visible_to(viewer, resource.model), None)
    return page.cut(rows).values_list(*columns)


@cache
def one_version(resource: type[Resource], columns: tuple[str, ...]) -> Select:
    """Return the statement for a version of a record, by ``public_id`` and ``version``."""
    place = {"public_id": stand_in(UUID, 0), "version": stand_in(int, 0)}
    rows = resource().annotate(version_by_id(resource.model, **place), None)
    return Select(rows.order_by().values_list(*columns), place, as_text=True)


def _name_of(column: str) -> str:
    """Return the path of the public_id of the patient whose key stands in a column."""
    return "public_id" if column == KEY else f"{column.removesuffix('_id')}__public_id"
