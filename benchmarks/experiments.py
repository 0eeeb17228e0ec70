"""The methods that need no judge, on the cases that ship and on faults planted in this project's own registry.

Run: `python benchmarks/experiments.py [cases per kind=20]`. A new home each time, so that nothing is held; models are
loaded before the clock starts. Prints one JSON document.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from semops_data.coherence.experiments.compare import behind_the_best, by_kind
from semops_data.coherence.experiments.measure import Measured
from semops_data.coherence.experiments.run import WITH_INTERVALS, compare
from semops_data.embeddings.encoder import open_encoder
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.registry.load import load
from semops_data.registry.source import registry_path
from semops_data.registry.tables import patterns_table
from semops_data.settings import Settings


def main() -> None:
    """Print the figures of each method, with intervals, by kind of case, and the seconds."""
    per_kind = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), device="cpu")
        lake, encoder = Lake(f"{folder}/delta"), open_encoder(settings)
        encoder.encode(["warm"])
        lake.replace("registry/patterns", patterns_table(load(registry_path(settings))))
        found = compare(lake, VectorStore(lake, encoder), settings, per_kind=per_kind)
        kinds = by_kind(lake, found.rows)
        behind = {row["method"]: row for row in behind_the_best(lake, found.rows)}
    document = {
        row["method"]: {
            "cases": row["case_count"],
            **{name: told(Measured(row[name], row[f"{name}_low"], row[f"{name}_high"])) for name in WITH_INTERVALS[:4]},
            "seconds": round(row["duration_seconds"], 2),
            "behind_the_best": told(Measured(*(behind[row["method"]][each] for each in ("value", "low", "high"))))
            if row["method"] in behind
            else "the best",
            "right_by_kind": {" ".join(kind): of_kind[row["method"]] for kind, of_kind in kinds.items()},
        }
        for row in found.rows
    }
    print(json.dumps(document, indent=2))


def told(value: Measured) -> str:
    """A value and its 90% interval."""
    return "-" if value.value is None else f"{value.value:.3f} ({value.low or 0:.3f} to {value.high or 0:.3f})"


if __name__ == "__main__":
    main()
