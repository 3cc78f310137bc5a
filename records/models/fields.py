"""Columns that compare the way a key has to compare."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import models


def fold_name(text: str) -> str:
    """Return ``text`` without case, accents and punctuation, for searching names.

    ``Núñez-O'Neil`` becomes ``nunez oneil``. Letters without a decomposition stay as they are.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (
        " " if char in "-\u2010\u2011" or char.isspace() else char
        for char in decomposed
        if char.isalnum() or char.isspace() or char in "-\u2010\u2011"
    )
    return " ".join("".join(kept).split())


class CodeField(models.CharField):
    """A key string (lot number, CVX, badge, …) that compares byte by byte.

    Without it MariaDB and MySQL would take ``ab1`` and ``AB1 `` for lot ``AB1``. The collation
    depends on the connection, which ``db_collation`` cannot express.
    """

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        """Add the byte-wise, non-padding collation of MariaDB or MySQL 8."""
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = (
                "utf8mb4_nopad_bin" if connection.mysql_is_mariadb else "utf8mb4_0900_bin"
            )
        return parameters


class SearchKeyField(CodeField):
    """The folded copy of a name column, kept by the database writer, never by hand.

    It is derived (not part of the record's history) and lets a prefix search use an index on
    every database.
    """

    def __init__(self, source: str = "", **kwargs: Any) -> None:
        """Remember the column that is folded; the rest is a ``CharField``'s."""
        self.source = source
        kwargs["editable"] = False
        kwargs.setdefault("default", "")
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        """Write ``source`` into migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs["source"] = self.source
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Fold the source column at every save and ``bulk_create``."""
        value = fold_name(getattr(model_instance, self.source))[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value
