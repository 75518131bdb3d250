"""Print one table."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

from benchmarks import emulating, holding, importing, limiting, sending, starting, structuring
from benchmarks.measure import Row

_FORMATS = {"ms": ".1f", "x": ".2f", "/s": ",.0f", "": ".2f"}
HEAD = ("what; against", "ours", "theirs", "figure", "bound", "ok")


def main() -> None:
    groups = {
        "sending": sending,
        "starting": starting,
        "structuring": structuring,
        "emulating": emulating,
        "limiting": limiting,
        "importing": importing,
        "holding": holding,
    }
    chosen = sys.argv[1:] or list(groups)
    rows = [row for name in chosen for row in groups[name].rows()]
    print("\n".join(table(rows)))
    packages = ("hatched", "httpx", "cattrs", "openai", "stripe", "moto", "redis", "elasticsearch")
    print(f"\nCPython {platform.python_version()},", ", ".join(f"{name} {version(name)}" for name in packages))
    print("Medians of interleaved rounds; of imports the least. x: times as fast as theirs; ms: longer than theirs.")


def table(rows: list[Row]) -> list[str]:
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _cells(row: Row) -> tuple[str, ...]:
    figure = f"{row.figure:{_FORMATS[row.unit]}} {row.unit}".rstrip()
    bound = f"{row.bound} {row.unit}".rstrip() if row.bound else ""
    ok = ("yes" if row.ok else "NO") if row.bound else ""
    return (
        row.what,
        _time(row.ours) if row.unit else "",
        "" if row.theirs is None else _time(row.theirs),
        figure,
        bound,
        ok,
    )


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"


if __name__ == "__main__":
    main()
