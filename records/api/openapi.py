"""The OpenAPI document, derived from what the views declare and from nothing else.

A ``Resource`` says which parameters it takes, what a body may hold and what it answers; each
operation gets the headers and refusals that follow from its method and its address.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny

from records.api.inputs import Input
from records.api.paging import MOST, USUAL
from records.api.refusals import PROBLEM, REFUSALS, REQUEST_ID, response_of
from records.api.shapes import paths_of

Json = dict[str, Any]
JSON = "application/json"
SUCCESS = ("200", "201", "202")
# Of an answer these say nothing: they are rules for what is sent.
OF_INPUTS_ONLY = ("readOnly", "minLength", "pattern", "default", "minimum", "maximum")
QUERY: dict[str, Json] = {
    "as_of": {
        "schema": {"type": "string", "format": "date-time"},
        "description": "What the records said at this moment of the past, with its offset.",
    },
    "since": {
        "schema": {"type": "string", "minLength": 1},
        "description": "The cursor in `next`: rows after it.",
    },
    "before": {
        "schema": {"type": "string", "minLength": 1},
        "description": "The cursor in `previous`: rows before it.",
    },
    "limit": {
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
        "description": "Rows of a page.",
    },
    "before_version": {
        "schema": {"type": "integer", "minimum": 1, "maximum": 999999999},
        "description": "Versions before this one.",
    },
}


class Pages:
    """The page of a list as the document describes it (``records.api.paging``)."""

    def get_schema_operation_parameters(self, view: Any) -> list[Json]:
        """Return nothing: the view says itself which parameters it takes."""
        return []

    def get_paginated_response_schema(self, rows: Json) -> Json:
        """Return the schema of a page of ``rows``."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": rows,
                "next": {**link, "description": "The following page, if there is one."},
                "previous": {**link, "description": "The page before, if there is one."},
            },
        }


class Schema(AutoSchema):
    """Describe one operation of the API."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation; the library learns the model here and makes no query for it."""
        if model := self._model():
            self.view.queryset = model._default_manager.none()
        return super().get_operation(*args, **kwargs)

    # ------------------------------------------------------------------------------------- Words

    def get_operation_id(self) -> str:
        """Return ``clinics_retire``: the resource and its action."""
        action = getattr(self.view, "action", None)
        if action is None or self.view.basename is None:
            return super().get_operation_id()
        return f"{self.view.basename}_{action}".removeprefix("api-").replace("-", "_")

    def get_summary(self) -> str | None:
        """Return the first line of what the action says of itself."""
        if self._is_plain("list"):
            return f"List {self._model()._meta.verbose_name_plural}"
        if self._is_plain("retrieve"):
            return f"Read one {self._model()._meta.verbose_name}"
        return self._told().partition("\n")[0].rstrip(".") or None

    def get_description(self) -> str:
        """Return what the resource or the action says of itself, and who may do it."""
        parts = []
        if self._is_plain("list") or self._is_plain("retrieve"):
            parts.append(get_doc(type(self.view)))
        else:
            parts.append(self._told().partition("\n")[2].strip())
        if hasattr(self.view, "needs_any"):
            names = " or ".join(f"`{name}`" for name in self.view.needs_any())
            parts.append(f"Needs the permission {names}.")
        return "\n\n".join(filter(None, parts))

    def _told(self) -> str:
        words: str = super().get_description()
        return words.replace("``", "`")

    # ---------------------------------------------------------------------------------- Requests

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters that are no filters, and the headers both ways."""
        return [*self._query(), *self._request_headers(), *self._response_headers()]

    def _query(self) -> list[Any]:
        declared = getattr(self.view, "parameters", None)
        if declared is None:
            return []
        names = declared() - {name for name, _ in self._filters()}
        return [self._query_parameter(name) for name in sorted(names)]

    def _filters(self) -> list[tuple[str, str]]:
        return [(each["name"], each["in"]) for each in self._get_filter_parameters()]

    def _query_parameter(self, name: str) -> OpenApiParameter:
        if name == "ordering":
            names = [sign + each for each in self.view.orders for sign in ("", "-")]
            schema: Json = {"type": "string", "enum": names, "default": names[0]}
            return OpenApiParameter(name, schema, description="A minus sign reverses it.")
        if name == "fields":
            names = list(paths_of(self.view.told_as()))
            schema = {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1}
            told = "Only these members, comma-separated."
            return OpenApiParameter(name, schema, description=told, style="form", explode=False)
        known = QUERY.get(name, {"schema": {"type": "string"}})
        return OpenApiParameter(name, known["schema"], description=known.get("description", ""))

    def _request_headers(self) -> list[OpenApiParameter]:
        headers = []
        if self.method == "POST" and not self._is_search():
            told = "New for each act; a repeat with the same key and body gets the same answer."
            schema = {"type": "string", "pattern": "^[!-~]{1,100}$"}
            needed = self.view.action in getattr(self.view, "key_needed", ())
            headers.append(_header("Idempotency-Key", schema, told, required=needed))
        if self._is_conditional():
            told = 'The version that the change starts from: `"3"`.'
            schema = {"type": "string", "pattern": '^"[1-9][0-9]{0,8}"$'}
            headers.append(_header("If-Match", schema, told, required=True))
        if self._has_tag():
            told = "The entity tag that the caller has: answered 304 if it still holds."
            headers.append(_header("If-None-Match", {"type": "string"}, told))
        return headers

    def _response_headers(self) -> list[OpenApiParameter]:
        request_id = REQUEST_ID["X-Request-ID"]
        headers = [
            _header("X-Request-ID", request_id["schema"], request_id["description"], response=True)
        ]
        if self._has_tag() or (self._model() and self.method != "GET" and not self._is_search()):
            told = "Names what was answered; of a record its version, quoted."
            codes = [*SUCCESS, "304"]
            headers.append(_header("ETag", {"type": "string"}, told, response=codes))
        if self._is_create_operation():
            location = {"type": "string", "format": "uri-reference"}
            headers.append(_header("Location", location, "The new record.", response=["201"]))
        return headers

    # ---------------------------------------------------------------------------------- Answers

    def get_response_serializers(self) -> Any:
        """Return what the action answers: the resource's shape unless it says otherwise."""
        if not self._model():
            return super().get_response_serializers()
        usual = super().get_response_serializers() if self.method == "GET" else self.view.shape
        return self.view.answers.get(self.view.action, usual)

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Name an answer after what it shows: ``ClinicShape`` is a Clinic."""
        return type(serializer).__name__.removesuffix("Shape")

    def get_paginated_name(self, serializer_name: str) -> str:
        """Name a page after its rows."""
        return f"{serializer_name}Page"

    def _is_list_view(self, serializer: Any = None) -> bool:
        if hasattr(self.view, "parameters"):
            return "since" in self.view.parameters()
        return super()._is_list_view(serializer)

    def _get_paginator(self) -> Any:
        return Pages() if self._is_list_view() else None

    def _get_response_bodies(self, direction: Any = "response") -> Json:
        bodies: Json = super()._get_response_bodies(direction)
        if self._has_tag():
            bodies["304"] = self._get_response_for_code(None, "304")
            bodies["304"]["description"] = "The caller has it already."
        for kind, media in bodies.get("200", {}).get("content", {}).items():
            if kind != JSON:  # lines, which no schema describes
                media["schema"] = {"type": "string"}
        for status in self._refusals():
            bodies.setdefault(status, self._refusal(status))
        return dict(sorted(bodies.items()))

    def _refusals(self) -> list[str]:
        if any(isinstance(each, AllowAny) for each in self.view.get_permissions()):
            if self.method == "GET":
                return ["400", "406"]
            return ["400", "406", "413", "415", "422", "429"]
        refusals = ["400", "401", "403", "406", "422", "429"]
        if "{" in self.path or self.method == "POST":
            refusals.append("404")
        if self.method not in ("GET", "HEAD"):
            refusals += ["411", "413", "415"] if self._is_search() else ["409", "411", "413", "415"]
        if self._is_conditional():
            refusals += ["412", "428"]
        return refusals

    def _refusal(self, status: str) -> Json:
        problem = ResolvedComponent("Problem", ResolvedComponent.SCHEMA, PROBLEM, "Problem")
        self.registry.register_on_missing(problem)
        name = REFUSALS[status].name
        content = response_of(status, problem.ref)
        component = ResolvedComponent(name, ResolvedComponent.RESPONSE, content, name)
        self.registry.register_on_missing(component)
        reference: Json = component.ref
        return reference

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, Input):
            schema["additionalProperties"] = False
            reason = serializer.fields.get("reason")
            if self.method == "PATCH" and reason is not None and reason.required:
                schema["required"] = ["reason"]
        elif direction == "response":
            for each in schema["properties"].values():
                for name in OF_INPUTS_ONLY:
                    each.pop(name, None)
            schema["required"] = sorted(schema["properties"])
            shape: Any = self.view.told_as() if self._model() else None
            is_own = type(serializer) is shape
            if is_own:
                if self.method != "GET" or "fields" in self.view.parameters():
                    del schema["required"]  # a reader chooses
                for name, path in paths_of(shape).items():
                    if _may_be_null(self.view.model, path):
                        schema["properties"][name] = _nullable(schema["properties"][name])
        return schema

    # ----------------------------------------------------------------------------------- Facts

    def _model(self) -> Any:
        return getattr(self.view, "model", None)

    def _is_plain(self, name: str) -> bool:
        """Tell whether this is a read that every resource has, and no words of its own."""
        if not self._model() or self.view.action != name:
            return False
        return getattr(type(self.view), name).__qualname__ == f"Resource.{name}"

    def _has_tag(self) -> bool:
        return getattr(self.view, "action", None) == "retrieve"

    def _is_create_operation(self) -> bool:
        return self._model() is not None and self.view.action in self.view.creates

    def _is_search(self) -> bool:
        """Tell whether a POST only reads."""
        return getattr(self.view, "action", None) in getattr(self.view, "searches", ())

    def _is_conditional(self) -> bool:
        """Tell whether the operation changes a record that the address names."""
        if not self._model() or self.method == "GET" or "{id}" not in self.path:
            return False
        return self.view.action not in self.view.unconditional


def _may_be_null(model: Any, path: str) -> bool:
    """Tell whether a column, or a reference on the way to it, may be NULL."""
    for name in path.split("__"):
        field = next((each for each in model._meta.get_fields() if each.name == name), None)
        if field is None:  # annotated: the shape itself says so
            return False
        columns = getattr(field, "local_related_fields", (field,))
        if any(getattr(each, "null", False) for each in columns):
            return True
        model = field.related_model
    return False


def _nullable(schema: Json) -> Json:
    kind = schema.get("type")
    if kind is None:
        return {"oneOf": [schema, {"type": "null"}]}
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
    return schema


def _header(name: str, schema: Json, told: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.HEADER, description=told, **more)
