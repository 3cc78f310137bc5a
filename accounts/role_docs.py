"""``docs/roles.md``, made from the table of roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import Model

from accounts.database.grants import COLUMNS
from accounts.database.views import VIEWS
from accounts.roles import ROLES, Role

PATH = Path(settings.BASE_DIR) / "docs" / "roles.md"
HEAD = """\
# Roles

Made from `accounts/roles.py` by `manage.py document_roles`; a test compares the two, so change the
table of roles and run the command. `manage.py sync_roles` makes the groups from the same table
(docs/operations.md). Which rows a role reaches is decided in `records/access.py` (docs/access.md).

Reading and writing here mean the kinds of record that a role may reach at all. Nobody changes their
own groups, assignments, link to a volunteer or second factor. A role takes effect, and ends, at the
next request.
"""
SQL_NOTE = """\
## Database roles

On MariaDB `sync_roles --database` makes a read-only role for each role with “reads by SQL”, named
after the database (`vaxpass_logistics`). None of them reads a patient, a dose or an account.

| view | what |
|---|---|
"""
VIEW_WORDS = {
    "figures_supply": "how many doses were given of a lot, by clinic, day and status",
    "figures_coverage": "how many completed doses of a vaccine, by clinic and month; empty where"
    " fewer than five people got them",
}


def roles_page() -> str:
    """Return the whole page."""
    parts = [HEAD, _table(), *(_section(role) for role in ROLES), SQL_NOTE.rstrip("\n")]
    rows = [f"| `{view.name}` | {VIEW_WORDS[view.name]} |" for view in VIEWS]
    return "\n".join([*parts, *rows, ""])


def _table() -> str:
    rows = ["| role | second factor | admin | reads by SQL |", "|---|---|---|---|"]
    rows += [
        f"| [{role.name}](#{_anchor(role)}) | {_yes(role.is_staff)} | {_yes(role.uses_admin)}"
        f" | {_yes(role.uses_sql)} |"
        for role in ROLES
    ]
    return "\n".join([*rows, ""])


def _section(role: Role) -> str:
    lines = [f"## {role.name}", "", role.purpose, ""]
    for title, items in (
        ("Reads", _models(role, "view")),
        ("Adds", _models(role, "add")),
        ("Changes", _models(role, "change")),
        ("Deletes for good", _models(role, "delete")),
        ("Sees the history of", _models(role, "view", history=True)),
        ("Also", sorted(_acts(role))),
        ("Reads by SQL", list(_sql(role))),
    ):
        if items:
            lines.append(f"- **{title}:** {'; '.join(items)}")
    if role.notes:
        lines += ["", role.notes]
    return "\n".join([*lines, ""])


def _models(role: Role, verb: str, *, history: bool = False) -> list[str]:
    """Return the plural names of what a role may read, add, change or delete."""
    names = (
        _plural(model)
        for model in _known()
        if f"{model._meta.app_label}.{verb}_{model._meta.model_name}" in role.permissions
        and hasattr(model, "history_object") is history
    )
    return sorted(names, key=str.casefold)


def _plural(model: type[Model]) -> str:
    name = str(model._meta.verbose_name_plural)
    return name.removeprefix("historical ")


def _acts(role: Role) -> Iterator[str]:
    """Yield what a role may do beyond the four verbs, as the models put it."""
    for model in _known():
        for codename, words in model._meta.permissions:
            if f"{model._meta.app_label}.{codename}" in role.permissions:
                yield str(words).removeprefix("Can ")


def _sql(role: Role) -> Iterator[str]:
    """Yield tables and views, with the columns where they are not all."""
    if not role.uses_sql:
        return
    for name, columns in COLUMNS.items():
        if f"records.view_{name}" in role.permissions:
            only = f" (only {', '.join(columns)})" if columns else ""
            yield f"`records_{name}`{only}"
    for view in VIEWS:
        if view.permission in role.permissions:
            yield f"`{view.name}`"


def _known() -> list[type[Model]]:
    labels = ("records", "accounts")
    return [
        *(model for label in labels for model in apps.get_app_config(label).get_models()),
        Group,
    ]


def _anchor(role: Role) -> str:
    return role.name.lower().replace(" ", "-")


def _yes(value: bool) -> str:
    return "yes" if value else ""
