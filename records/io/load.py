"""Bring reference data in line with the published code lists; a second time changes nothing.

A list decides names, never the site's schedule or an address. What a list says is news only once:
a name that it told before, and that has been changed since, stays as it was changed. So neither
a person's correction nor a newer edition is undone by loading an older one again. Codes that CDC
lists as inactive are loaded, since doses in old records name them, and are not retired:
``retired_on`` is the last day of use at this site, which CDC's lists do not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records import access
from records.domain import reference, unit
from records.io import code_lists
from records.io.code_entries import CodeListError, CvxEntry, MvxEntry, ProductEntry
from records.models import EuProduct, Manufacturer, Vaccine, VaccineTarget

SHRINKS_TO = 0.9
"""A list with less than this share of what is loaded is taken for damaged."""

Pair = tuple[str, str]  # CVX code, SNOMED CT code
Names = dict[str, str]  # column -> value


@dataclass(frozen=True, slots=True)
class Sources:
    """CDC's own files to read in place of the shipped tables; None: the shipped one."""

    cvx: Path | None = None
    mvx: Path | None = None
    products: Path | None = None
    groups: Path | None = None


@dataclass(frozen=True, slots=True)
class CodeList:
    """One published list: for each code the columns that the list decides."""

    title: str
    edition: str
    model: type[Vaccine] | type[Manufacturer] | type[EuProduct]
    key: str
    rows: dict[str, Names]


@dataclass(frozen=True, slots=True)
class TargetList:
    """What each vaccine protects against.

    ``complete`` are the codes about which the list says everything; of others it may lack pairs.
    ``unknown`` are vaccines of no shipped table whose groups do not tell their diseases.
    """

    title: str
    edition: str
    pairs: frozenset[Pair]
    complete: frozenset[str]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What one code list changes: new rows, and records with their changed columns."""

    source: CodeList
    added: dict[str, Names]
    updated: list[tuple[Any, Names]]
    unchanged: int


@dataclass(frozen=True, slots=True)
class TargetDifference:
    """Which pairs of vaccine and disease come and go, and which vaccines stay without any."""

    source: TargetList
    added: frozenset[Pair]
    removed: frozenset[Pair]
    unchanged: int
    without: tuple[str, ...]


Differences = tuple[list[Difference], TargetDifference]


def read(sources: Sources) -> tuple[list[CodeList], TargetList]:
    """Return the lists to load; raises ``CodeListError`` if any of them cannot be used."""
    shipped = code_lists.read_shipped()
    cvx = code_lists.read_cvx(sources.cvx) if sources.cvx else shipped.cvx
    mvx = code_lists.read_mvx(sources.mvx) if sources.mvx else shipped.mvx
    if sources.products:
        _check_products(code_lists.read_products(sources.products), cvx, mvx, sources.products)
    lists = [
        CodeList(
            "vaccines",
            _edition("CDC CVX list", cvx),
            Vaccine,
            "cvx_code",
            {row.code: {"short_name": row.short_name, "full_name": row.full_name} for row in cvx},
        ),
        CodeList(
            "manufacturers",
            _edition("CDC MVX list", mvx),
            Manufacturer,
            "mvx_code",
            {row.code: {"name": row.name} for row in mvx},
        ),
        CodeList(
            "EU products",
            "EU Digital COVID Certificate value sets",
            EuProduct,
            "code",
            {
                row.code: {
                    "name": row.name,
                    "org_code": row.org_code,
                    "prophylaxis_code": row.prophylaxis_code,
                }
                for row in shipped.eu_products
            },
        ),
    ]
    if sources.groups:
        cvx = code_lists.with_groups(cvx, code_lists.read_groups(sources.groups))
    return lists, _targets(shipped, cvx)


@unit.transactional
def load(*, by: Any, sources: Sources, force: bool = False, dry_run: bool = False) -> Differences:
    """Load all lists in one transaction and return what that changed, or would change.

    ``force`` takes the lists as they are: also when one shrinks sharply or brings back a name
    that it told before. Raises ``CodeListError``, and whatever the domain functions raise.
    """
    lists, targets = read(sources)
    differences = [_compare(by, source, force=force) for source in lists]
    target_difference = _compare_targets(by, targets, force=force)
    if not dry_run:
        for difference in differences:
            _carry_out(by, difference)
        new = {code for each in differences if each.source.model is Vaccine for code in each.added}
        _carry_out_targets(by, target_difference, new)
    return differences, target_difference


def _edition(title: str, rows: Iterable[CvxEntry | MvxEntry]) -> str:
    days = [row.last_updated for row in rows if row.last_updated]
    return f"{title} of {max(days)}" if days else title


def _check_products(
    products: Iterable[ProductEntry],
    cvx: Iterable[CvxEntry],
    mvx: Iterable[MvxEntry],
    path: Path,
) -> None:
    """Raise ``CodeListError`` for a product of a code that the other lists lack.

    Trade names are not stored. They tell whether the lists are of one edition, which matters
    because CDC publishes them as separate files.
    """
    known_cvx, known_mvx = {row.code for row in cvx}, {row.code for row in mvx}
    for product in products:
        if product.cvx_code not in known_cvx:
            rule = f"CVX {product.cvx_code} is not in the CVX list; take lists of one edition"
            raise CodeListError(path.name, product.trade_name, rule)
        if product.mvx_code is not None and product.mvx_code not in known_mvx:
            rule = f"MVX {product.mvx_code} is not in the MVX list; take lists of one edition"
            raise CodeListError(path.name, product.trade_name, rule)


def _targets(shipped: code_lists.CodeLists, cvx: Collection[CvxEntry]) -> TargetList:
    """Return the shipped targets, and those of newer codes as far as their groups tell them."""
    diseases: dict[str, set[str]] = {row.code: set() for row in shipped.cvx}
    for target in shipped.targets:
        diseases[target.cvx_code].add(target.disease_code)
    listed = {row.code for row in cvx}
    pairs = {(code, disease) for code in listed & diseases.keys() for disease in diseases[code]}
    told, unknown = _diseases_of_groups(shipped.cvx, diseases), []
    for row in cvx:
        if row.code in diseases:
            continue
        if row.groups and all(told.get(group) for group in row.groups):
            pairs |= {(row.code, disease) for group in row.groups for disease in told[group]}
        else:
            unknown.append(row.code)
    return TargetList(
        "vaccine targets",
        "Vaccine targets of VaxPass",
        frozenset(pairs),
        frozenset(listed & diseases.keys()),
        tuple(unknown),
    )


def _diseases_of_groups(
    cvx: Iterable[CvxEntry], diseases: dict[str, set[str]]
) -> dict[str, set[str]]:
    """Return the diseases of each CDC vaccine group whose members agree on them.

    Members of several groups are combinations and say nothing about one of them. Groups that
    hold more than one kind (RSV has antibodies, DTAP a DT) tell nothing about a new member.
    """
    members: dict[str, list[set[str]]] = {}
    for row in cvx:
        if len(row.groups) == 1:
            members.setdefault(row.groups[0], []).append(diseases[row.code])
    return {group: sets[0] for group, sets in members.items() if all(s == sets[0] for s in sets)}


def _compare(by: Any, source: CodeList, *, force: bool) -> Difference:
    """Return what ``source`` changes; raises ``CodeListError`` when it shrank sharply."""
    rows = access.visible_to(by, source.model).exclude(**{f"{source.key}__isnull": True})
    loaded: dict[str, Any] = {getattr(row, source.key): row for row in rows}
    _refuse_shrunk(source.title, source.edition, len(source.rows), len(loaded), force=force)
    differing: dict[str, Names] = {}
    for code in source.rows.keys() & loaded.keys():
        changes = {
            name: value
            for name, value in source.rows[code].items()
            if getattr(loaded[code], name) != value
        }
        if changes:
            differing[code] = changes
    told = set() if force else _told_before(by, source, [loaded[code].pk for code in differing])
    updated = []
    for code in sorted(differing):
        record = loaded[code]
        news = {
            name: value
            for name, value in differing[code].items()
            if (record.pk, name, value) not in told
        }
        if news:
            updated.append((record, news))
    added = {code: names for code, names in source.rows.items() if code not in loaded}
    unchanged = len(source.rows) - len(added) - len(updated)
    return Difference(source, added, updated, unchanged)


def _told_before(by: Any, source: CodeList, keys: list[int]) -> set[tuple[int, str, str]]:
    """Return every (record, column, value) that loading a list has ever written."""
    columns = list(next(iter(source.rows.values())))
    versions = source.model.history.filter(id__in=keys, history_user=by).values("id", *columns)
    return {(row["id"], name, row[name]) for row in versions for name in columns}


def _compare_targets(by: Any, source: TargetList, *, force: bool) -> TargetDifference:
    """Return which pairs come and go; a pair that a person added or removed stays so."""
    codes = dict(access.visible_to(by, Vaccine).values_list("pk", "cvx_code"))
    rows = access.visible_to(by, VaccineTarget).values_list("vaccine_id", "disease")
    loaded = {(codes[vaccine], disease) for vaccine, disease in rows}
    _refuse_shrunk(source.title, source.edition, len(source.pairs), len(loaded), force=force)
    history = VaccineTarget.history.order_by("history_id")
    last_by = {
        (codes.get(vaccine, ""), disease): user
        for vaccine, disease, user in history.values_list("vaccine_id", "disease", "history_user")
    }
    people = {pair for pair, user in last_by.items() if user != by.pk}
    added = source.pairs - loaded - people
    gone = {pair for pair in loaded - source.pairs - people if pair[0] in source.complete}
    unchanged = len(source.pairs) - len(added)
    without = tuple(sorted(set(source.unknown) - {code for code, _ in loaded}))
    return TargetDifference(source, frozenset(added), frozenset(gone), unchanged, without)


def _refuse_shrunk(title: str, edition: str, listed: int, loaded: int, *, force: bool) -> None:
    if listed < loaded * SHRINKS_TO and not force:
        rule = (
            f"holds {listed} {title}, but {loaded} are loaded; if it is complete, load it with"
            " --force"
        )
        raise CodeListError(edition, "", rule)


def _carry_out(by: Any, difference: Difference) -> None:
    source = difference.source
    new: list[Any] = [
        source.model(**{source.key: code}, **names) for code, names in difference.added.items()
    ]
    reference.add_many(by=by, records=new, reason=source.edition)
    for record, changes in difference.updated:
        version = record.version
        if isinstance(record, EuProduct):
            reference.correct_eu_product(
                by=by, product=record, version=version, reason=source.edition, changes=changes
            )
        else:
            reference.correct(
                by=by, record=record, version=version, reason=source.edition, changes=changes
            )


def _carry_out_targets(by: Any, difference: TargetDifference, new_codes: set[str]) -> None:
    """Set the targets of vaccines that were there, and add those of the new ones all at once."""
    touched = {code for code, _ in difference.added | difference.removed}
    rows = access.visible_to(by, Vaccine).filter(cvx_code__in=touched)
    vaccines = {row.cvx_code: row for row in rows}
    new = [
        VaccineTarget(vaccine=vaccines[code], disease=disease)
        for code, disease in sorted(difference.added)
        if code in new_codes
    ]
    reference.add_many(by=by, records=new, reason=difference.source.edition)
    for code in sorted(touched - new_codes):
        vaccine = vaccines[code]
        current = {(code, target.disease) for target in vaccine.targets.all()}
        wanted = (current | difference.added) - difference.removed
        diseases = [disease for listed, disease in wanted if listed == code]
        reference.set_targets(
            by=by,
            vaccine=vaccine,
            version=vaccine.version,
            reason=difference.source.edition,
            diseases=diseases,
        )
