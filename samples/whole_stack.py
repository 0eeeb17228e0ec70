"""The whole stack: Dagster runs synthesis, landing, lakehouse, warehouse and profiling with all their checks.

    python samples/whole_stack.py [FOLDER]

It is what `dst run` does, with a small business in a home of its own: the folder, or a temporary one. Run
`SEMOPS_HOME=FOLDER dst ui` afterwards to look at the graph, the rows and the checks.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress

ROOMS = ("synthesis", "landing", "lakehouse", "warehouse", "profiling")


def pipeline(home: str, days: int = 1) -> int:
    """Run the business stream for some days in a home; the exit status of `dst run`."""
    # The code location reads its settings when it is imported.
    os.environ |= {"SEMOPS_HOME": home, "SEMOPS_ORDERS_PER_DAY": "100", "SEMOPS_DAYS": str(days)}
    from semops_data.cli.main import main as dst

    selection = " or ".join(f"group:{room}" for room in ROOMS)
    try:
        dst(["run", "--select", selection])
    except SystemExit as ended:
        return int(ended.code or 0)


def stop(home: str) -> None:
    """End the emulated warehouse that the run has started."""
    from semops_data.settings import Settings
    from semops_data.warehouse import emulator

    with suppress(OSError):
        emulator.stop(Settings(home=home))


def main() -> int:
    """Run the sample; 0 where every asset and every blocking check is right."""
    with tempfile.TemporaryDirectory() as temporary:
        home = sys.argv[1] if len(sys.argv) > 1 else temporary
        try:
            return pipeline(home)
        finally:
            stop(home)


if __name__ == "__main__":
    sys.exit(main())
