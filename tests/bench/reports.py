"""The document that every benchmark writes its own section of."""

from __future__ import annotations

from pathlib import Path

REPORT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def write(section: str) -> None:
    """Put a section into docs/benchmarks.md, in the place of the one of the same title."""
    title = section.partition("\n")[0]
    text = REPORT.read_text() if REPORT.exists() else "# Benchmarks\n"
    before, found, after = text.partition(f"{title}\n")
    rest = after.partition("\n## ")
    tail = f"\n## {rest[2]}" if rest[1] else ""
    REPORT.write_text((before if found else before.rstrip("\n") + "\n\n") + section + tail)
