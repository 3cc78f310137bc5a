"""Imports of files as jobs: sent here, done by ``manage.py run_imports``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import orjson
from django.core.exceptions import PermissionDenied
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from records import access
from records.api.base import Resource
from records.api.exports import CSVFile
from records.api.inputs import Nothing
from records.api.paging import KEY, PARAMETERS, Page
from records.api.permissions import scope_of
from records.api.shapes import paths_of, read
from records.api.uploads import CSVUpload, Upload
from records.codecs.csv_lines import cell, line_writer
from records.domain.context import in_this_context
from records.domain.jobs import cancel_import, queue_import
from records.models import ImportJob, ImportProblem, ImportState

CHUNK = 1000
TITLES = ("row", "column", "result", "rule", "message")
OPTIONS = frozenset({"name", "allow_similar"})


class ImportShape(serializers.ModelSerializer[ImportJob]):
    """A file to be imported, how far the import is, and what became of the rows."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = ImportJob
        fields = (
            "id",
            "version",
            "name",
            "size",
            "allow_similar",
            "created_at",
            "state",
            "kind",
            "rows",
            "rows_read",
            "written",
            "unchanged",
            "refused",
            "conflicting",
            "warned",
            "error",
            "started_at",
            "finished_at",
            "cancel_asked_at",
        )


class ImportProblemShape(serializers.ModelSerializer[ImportProblem]):
    """One line of the report: a row, a column, and the rule that it breaks or that warns."""

    field = serializers.CharField(source="column", help_text="The column of the file.")
    result = serializers.CharField(source="kind", help_text="refused, conflict or warning")
    detail = serializers.CharField(source="message")

    class Meta:
        model = ImportProblem
        fields = ("row", "field", "result", "code", "detail")


class ImportOptions(serializers.Serializer[Any]):
    """How a file is imported; in the query, since the body is the file."""

    name = serializers.CharField(max_length=200, default="import.csv")
    allow_similar = serializers.BooleanField(default=False)


class ImportFilter(filters.FilterSet):
    """Imports by how far they are."""

    state = filters.ChoiceFilter(choices=ImportState.choices)


class Imports(Resource):
    """Files of patients, lots or doses; the header tells which. All keepers of records see all."""

    model: Any = ImportJob
    shape = ImportShape
    scope = "doses"
    # A file may hold any of these, so a token needs the scopes of all.
    further_scopes: ClassVar[tuple[str, ...]] = ("patients", "reference")
    needs = dict.fromkeys(("list", "create", "cancel"), ("import_records",))
    inputs = {"cancel": Nothing}
    answers = {"problems": ImportProblemShape}
    filterset_class = ImportFilter
    unconditional = frozenset({"cancel"})
    instead_of_delete = "cancel"

    def check_permissions(self, request: Request) -> None:
        """Ask for every scope that an import may write in."""
        super().check_permissions(request)
        kind = scope_of(request, self).partition(":")[2]
        wanted = [f"{name}:{kind}" for name in self.further_scopes]
        token: Any = request.auth
        if token is not None and not token.allow_scopes(wanted):
            raise PermissionDenied(
                _("The token lacks a scope of %(wanted)s.") % {"wanted": ", ".join(wanted)}
            )

    def parameters(self) -> frozenset[str]:
        """Return the names that the query of this action may hold; a job has no past."""
        if self.action == "create":
            return OPTIONS
        if self.action == "problems":
            return PARAMETERS - {"ordering"}
        return super().parameters() - {"as_of"}

    def get_parsers(self) -> list[Any]:
        """Take a file where one is sent."""
        asked: Any = self.request  # None when the OpenAPI document begins
        if asked is not None and self.action_map.get(asked.method.lower()) == "create":
            return [CSVUpload()]
        return super().get_parsers()

    def said(self) -> bytes:
        """Return the digest of the file and the options, or the body."""
        if self.action != "create":
            return super().said()
        file: Any = self.request.data
        asked = [file.digest, self.request.query_params.dict()]
        return orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)

    @extend_schema(request={"text/csv": OpenApiTypes.BINARY}, responses={201: ImportShape})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send a CSV file to be imported; what becomes of it is told by the job.

        The body is the file (`Content-Type: text/csv`), read by the rules of `import_records`.
        Options stand in the query: `name`, and `allow_similar=true` to register patients who have
        the names and birth date of another one.
        """
        file: Any = request.data
        if not isinstance(file, Upload):
            raise ValidationError({"file": _("The body is empty: send the file.")}, code="empty")
        options = ImportOptions(data=request.query_params.dict())
        options.is_valid(raise_exception=True)
        response = self._done(
            lambda: queue_import(
                by=request.user, chunks=file.pieces(), size=file.size, **options.validated_data
            )
        )
        response.status_code = status.HTTP_201_CREATED
        response["Location"] = f"{request.path.rstrip('/')}/{self.kwargs['id']}"
        return response

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stop an import after the batch that it is at; what is written stays, and is counted."""
        job = self.get_object()
        self.given()
        return self._done(lambda: cancel_import(by=request.user, job=job))

    @action(detail=True, methods=["get"], filter_backends=())
    def problems(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read the report of an import as far as it is: its problems, in the order of the file."""
        page = Page.of(request, self.orders)
        found = read(page.cut(self._problems()), paths_of(ImportProblemShape), KEY)
        return Response(page.wrap(request, found))

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"], filter_backends=(), renderer_classes=(CSVFile,))
    def report(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """Read the whole report of an import as CSV, like that of `import_records`."""
        problems = self._problems().order_by(KEY)
        return StreamingHttpResponse(
            in_this_context(_lines(problems)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="report-{self.kwargs["id"]}.csv"'
            },
        )

    def _problems(self) -> Any:
        job = self.get_object()
        return access.visible_to(self.request.user, ImportProblem).filter(job=job.pk)

    def _done(self, act: Callable[[], Any]) -> Response:
        """Run the one domain call and return the job as it is now, also to a repeat."""
        self.kwargs["id"] = self._run(act).public_id
        return self.retrieve(self.request)


def _lines(problems: Any) -> Iterator[str]:
    write = line_writer()
    yield write(TITLES)
    columns = (KEY, "row", "column", "kind", "code", "message")
    chunk = list(problems.values_list(*columns)[:CHUNK])
    while chunk:
        yield "".join([write(map(cell, cells)) for _, *cells in chunk])
        chunk = list(problems.filter(id__gt=chunk[-1][0]).values_list(*columns)[:CHUNK])
