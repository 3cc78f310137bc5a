"""Verification of the audit's seals: what was changed, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Max

from records.domain.seal_head import read_head
from records.domain.sealing import LEAF, LEAF_ID, entries_between, entry_mac, is_genuine
from records.models import AuditEntry, AuditSeal


@dataclass
class Check:
    """One verification: go through ``problems`` to the end, then read the counts.

    Memory grows with the number of problems and of seals, not with that of entries.
    """

    seals: int = 0
    entries: int = 0
    unsealed: int = 0
    _digests: dict[int, str] = field(default_factory=dict)
    _edited: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """Return one line for each thing that is not as it was sealed."""
        # What is sealed meanwhile is left to the next verification.
        newest = AuditSeal.objects.aggregate(newest=Max("number"))["newest"] or 0
        known = {line.number: line.digest for line in read_head()}
        for pk in AuditEntry.objects.filter(pk__lte=0).order_by("pk").values_list("pk", flat=True):
            yield f"Entry {pk}: inserted before the first seal."
        last = AuditSeal(number=0, to_id=0, digest="")
        while seal := _after(last.number, newest):
            if seal.number != last.number + 1:
                yield f"{_named('Seal', range(last.number + 1, seal.number))}: deleted."
                last.digest = known.get(seal.number - 1, "")
            if seal.after_id != last.to_id:
                yield f"Entries {last.to_id + 1} to {seal.after_id}: covered by no seal."
            yield from self._check_seal(seal, last.digest)
            self.seals += 1
            self._digests[seal.number] = seal.digest
            last = seal
        yield from self._explain_edited()
        yield from self._check_head(newest)
        self.unsealed = AuditEntry.objects.filter(pk__gt=last.to_id).count()

    def _check_seal(self, seal: AuditSeal, previous: str) -> Iterator[str]:
        key = settings.AUDIT_KEYS.get(seal.key_id)
        if key is None:
            yield f"Seal {seal.number}: its key “{seal.key_id}” is not in AUDIT_KEYS."
            return
        if not is_genuine(seal, previous):
            yield f"Seal {seal.number}: edited, or moved from its place."
        sealed = _leaves(seal)
        added = []
        for pk, values in entries_between(seal.after_id, seal.to_id):
            self.entries += 1
            expected, actual = sealed.pop(pk, None), entry_mac(key, values)
            if expected is None:
                added.append(pk)
            elif expected != actual:
                self._edited[pk] = (expected, actual)
        where = f"since seal {seal.number}"
        for run in _runs(list(sealed), list(_leaves(seal))):
            yield f"{_named('Entry', run)}: deleted {where}."
        for pk in added:
            yield f"Entry {pk}: inserted {where}."

    def _explain_edited(self) -> Iterator[str]:
        """Tell entries that changed places from those that say something new."""
        owner = {expected: pk for pk, (expected, _) in self._edited.items()}
        for pk, (_, actual) in self._edited.items():
            if actual in owner:
                yield f"Entry {pk}: reordered, it says what entry {owner[actual]} said."
            else:
                yield f"Entry {pk}: edited."

    def _check_head(self, newest: int) -> Iterator[str]:
        lines = read_head()
        for place, line in enumerate(lines, start=1):
            if line.number != place:
                yield f"Head file, line {place}: not the line of seal {place}."
            elif place <= newest and self._digests.get(place, line.digest) != line.digest:
                yield f"Head file, line {place}: differs from seal {place}."
        behind = [number for number in self._digests if number > len(lines)]
        if behind:
            yield f"{_named('Seal', behind)}: not in the head file."
        beyond = {line.number: line.digest for line in lines if line.number > newest}
        there = AuditSeal.objects.filter(number__in=beyond).values_list("number", "digest")
        if gone := sorted(beyond.items() - set(there)):
            numbers = [number for number, _ in gone]
            yield f"{_named('Seal', numbers)}: deleted; the head file knows of it."


def _after(number: int, newest: int) -> AuditSeal | None:
    seals = AuditSeal.objects.filter(number__gt=number, number__lte=newest)
    return seals.order_by("number").first()


def _leaves(seal: AuditSeal) -> dict[int, bytes]:
    data = bytes(seal.leaves)
    parts = (data[start : start + LEAF] for start in range(0, len(data), LEAF))
    return {int.from_bytes(part[:LEAF_ID], "big"): part[LEAF_ID:] for part in parts}


def _runs(chosen: Sequence[int], among: Sequence[int]) -> Iterator[list[int]]:
    """Return ``chosen`` in runs of neighbours in ``among``; both are in the same order."""
    places: Mapping[int, int] = {pk: place for place, pk in enumerate(among)}
    run: list[int] = []
    for pk in chosen:
        if run and places[pk] != places[run[-1]] + 1:
            yield run
            run = []
        run.append(pk)
    if run:
        yield run


def _named(what: str, numbers: Sequence[int]) -> str:
    """Return ``Seal 3`` or ``Seal 3 to 5 (3)``."""
    if len(numbers) == 1:
        return f"{what} {numbers[0]}"
    return f"{what} {numbers[0]} to {numbers[-1]} ({len(numbers)})"
