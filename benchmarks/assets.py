"""How fast files come in and go out, and what that costs: `python -m benchmarks.assets --help`.

Holdfast is held against the rows of its own store (`benchmarks.chunks`), against a hub written in an hour (`benchmarks.naive`)
and against nginx with the same files, all on this machine and in the same rounds. Ratios are the result.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import assets_big, assets_report, assets_slow, assets_transfers
from benchmarks.assets_report import Results
from benchmarks.assets_scale import GROUPS, Scale
from benchmarks.report import Figures, markdown, plain_text
from benchmarks.servers import Databases, databases

TRANSFERS = {"uploads", "downloads", "ranges"}
OTHERS: dict[str, Callable[[Scale, Databases, Results], None]] = {
    "memory": assets_slow.measure_memory,
    "slow": assets_slow.measure_answers,
    "gallery": assets_big.measure_gallery,
    "big": assets_big.measure_large_file,
}


def main() -> int:
    options = _options()
    written: list[str] = []
    for kind in ("postgresql", "sqlite") if options.database == "both" else (options.database,):
        results = Results(Figures(kind))
        try:
            with databases(kind) as made:
                _measure(options, made, results)
        finally:  # what was measured until something failed is worth its minutes
            written += _shown(_title(options, kind), results)
            if options.markdown:
                options.markdown.write_text("\n\n".join(written) + "\n")
    return 0


def _title(options: argparse.Namespace, kind: str) -> str:
    name = "PostgreSQL" if kind == "postgresql" else "SQLite"
    remark = " (quick: too little to judge by)" if options.quick else ""
    return f"{name}, rounds: {options.scale.rounds} of {options.scale.seconds:g} s{remark}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.assets", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="that each operation is measured in each round")
    parser.add_argument("--database", choices=["postgresql", "sqlite", "both"], default="postgresql")
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables to this file")
    parser.add_argument("--quick", action="store_true", help="one short round with little: only to see that it runs")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(GROUPS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    options.scale = Scale(1, 0.5, large_mib=200, many_assets=1_000) if options.quick else Scale(options.rounds, options.seconds)
    return options


def _measure(options: argparse.Namespace, made: Databases, results: Results) -> None:
    """Stage by stage: idle servers would take time from those that are measured."""
    if transfers := TRANSFERS & set(options.only):
        assets_transfers.measure(options.scale, made, results, transfers)
    for name, measure in OTHERS.items():
        if name in options.only:
            measure(options.scale, made, results)


def _shown(title: str, results: Results) -> list[str]:
    """Printed, and the same as Markdown."""
    print(f"\n=== {title} ===")
    found = [f"### {title}"]
    for table in assets_report.tables(results):
        print("\n" + plain_text(*table))
        found.append(markdown(*table))
    for note in results.notes:
        print(f"\n{note}")
        found.append(note)
    return found


if __name__ == "__main__":
    sys.exit(main())
