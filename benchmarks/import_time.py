"""How long the code location takes to import, against Dagster alone: every step of a multiprocess run pays it.

Run: `python benchmarks/import_time.py [repeats]`. Prints the median and the best of each, and the ratio of the bests.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

MODULES = ("dagster", "semops_data.definitions", "semops_data.cli.main")

# Installed packages are compiled already; so is ours after the first import, unless that is forbidden.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(module: str) -> float:
    """Wall time of a fresh process that imports the module."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=ENVIRONMENT)
    return time.perf_counter() - started


def main() -> None:
    """Measure in turns, so that a busy moment hits all of them."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    taken: dict[str, list[float]] = {module: [] for module in MODULES}
    for module in MODULES:
        seconds(module)
    for _ in range(repeats):
        for module in MODULES:
            taken[module].append(seconds(module))
    for module in MODULES:
        print(f"{module:28} median {statistics.median(taken[module]):.2f} s, best {min(taken[module]):.2f} s")
    print(f"ratio {min(taken['semops_data.definitions']) / min(taken['dagster']):.2f} (promise: at most 1.5)")


if __name__ == "__main__":
    main()
