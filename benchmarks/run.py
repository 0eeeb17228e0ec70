"""Every benchmark, one after the other, and the table of docs/benchmarks.md from what they print.

    python benchmarks/run.py [NAME ...] [--out FOLDER]

Each benchmark is a process of its own that prints one JSON document as its last output; the documents are kept in
FOLDER (`.semops/benchmarks` by default), so that one benchmark can be repeated and the table still has all of them.
Wants a quiet machine: beside each document stands the load average at its start. About a quarter of an hour in all.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COMMANDS = {
    "embedding": ["embedding.py"],
    "scoring": ["scoring.py"],
    "intervals": ["intervals.py"],
    "synthesis": ["synthesis.py"],
    "lakehouse": ["lakehouse.py", "100000"],
    "lakehouse_layout": ["lakehouse.py", "20000", "layout"],
    "lakehouse_growth": ["lakehouse.py", "growth"],
    "warehouse": ["warehouse.py", "--rows", "1000000"],
    "profiling": ["profiling.py"],
    "experiments": ["experiments.py"],
    "stream": ["stream.py"],
    "lineage": ["lineage.py"],
    "tracking": ["tracking.py"],
}


def run(name: str, folder: Path) -> None:
    """Run one benchmark and keep its document."""
    load, started = os.getloadavg()[0], time.monotonic()
    print(f"{name}: {' '.join(COMMANDS[name])} (load average {load:.1f}) ...", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, HERE / COMMANDS[name][0], *COMMANDS[name][1:]], stdout=subprocess.PIPE,
                          text=True, check=False)  # fmt: skip
    seconds = round(time.monotonic() - started)
    if done.returncode:
        print(f"{name}: failed with {done.returncode} after {seconds} s", file=sys.stderr)
        return
    document = json.loads(done.stdout[done.stdout.index("{") :])
    kept = {"command": COMMANDS[name], "load_average": round(load, 2), "seconds": seconds, "result": document}
    (folder / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n")
    print(f"{name}: {seconds} s", file=sys.stderr, flush=True)


def rows(value: Any, path: str = "") -> list[tuple[str, str]]:
    """A document's figures, flat: (dotted path, figure)."""
    if isinstance(value, dict):
        return [row for key, each in value.items() for row in rows(each, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list):
        return [row for number, each in enumerate(value) for row in rows(each, f"{path}.{number}")]
    return [(path, f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value))]


def main() -> None:
    """Run what is named, then print all that is kept as Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*COMMANDS, []], help="all by default")
    parser.add_argument("--out", type=Path, default=HERE.parent / ".semops" / "benchmarks")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or COMMANDS:
        run(name, chosen.out)
    for name in COMMANDS:
        path = chosen.out / f"{name}.json"
        if path.exists():
            kept = json.loads(path.read_text())
            print(f"\n## {' '.join(kept['command'])}\n\nload average {kept['load_average']}, {kept['seconds']} s\n")
            print("| figure | value |\n|---|---|")
            print("\n".join(f"| {path} | {figure} |" for path, figure in rows(kept["result"])))


if __name__ == "__main__":
    main()
