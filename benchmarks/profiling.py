"""The built-in profile against ydata-profiling's minimal report, its memory at ten times the rows, and SDV's sampling.

    python benchmarks/profiling.py [--rows 100000] [--sdv-rows 10000] > profiling.json

Needs the extras `profile` and `sdv`; takes about two minutes. Every peer reads the same Parquet file in this process;
imports are not timed. Memory is the peak of fresh processes (VmHWM).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PEAK = """
import sys
from pathlib import Path
from semops_data.profiling.profile import profile_view
from semops_data.profiling.source import PARTITION_MEMORY_LIMIT, connect, open_file
with connect(memory=PARTITION_MEMORY_LIMIT) as connection:
    open_file(connection, Path(sys.argv[1]))
    profile_view(connection, "rows")
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def table(rows):
    """Twenty columns as tables have them: keys, numbers, categories, texts, moments, flags."""
    chance = np.random.default_rng(7)
    columns = {"id": np.char.add("K", np.arange(rows).astype(str))}
    columns |= {f"amount_{n}": chance.lognormal(3, 1, rows) for n in range(4)}
    columns |= {f"count_{n}": chance.poisson(5 + n, rows) for n in range(4)}
    columns |= {f"kind_{n}": chance.choice([f"value {k}" for k in range(5 + 10 * n)], rows) for n in range(5)}
    columns |= {f"at_{n}": chance.integers(10**15, 2 * 10**15, rows).astype("datetime64[us]") for n in range(2)}
    columns |= {f"is_{n}": chance.random(rows) < 0.3 for n in range(2)}
    words = np.array(["good", "late", "broken", "blue", "again", "never", "box"])
    columns |= {f"note_{n}": [" ".join(row) for row in chance.choice(words, (rows, 6))] for n in range(2)}
    return pa.table(columns)


def best(function, times):
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def profiles(folder, rows):
    """Built in and ydata minimal, on the same file."""
    from semops_data.profiling import profile_file, render_html

    path = folder / f"{rows}.parquet"
    pq.write_table(table(rows), path)
    profile_file(path)
    built_in = best(lambda: profile_file(path), 3)
    frame = pq.read_table(path).to_pandas()
    render_html(frame.head(50), "warm-up", minimal=True)
    ydata = best(lambda: render_html(frame, "rows", minimal=True), 1)
    return {
        "rows": rows,
        "columns": len(frame.columns),
        "built_in_seconds": round(built_in, 3),
        "built_in_rows_per_second": round(rows / built_in),
        "ydata_minimal_seconds": round(ydata, 3),
        "ydata_minimal_rows_per_second": round(rows / ydata),
        "ratio": round(ydata / built_in, 1),
    }


def memory(folder, rows):
    """Peak of the built-in profile at some and at ten times the rows."""
    peaks = []
    for count in (rows, 10 * rows):
        path = folder / f"peak_{count}.parquet"
        pq.write_table(table(count), path)
        done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout.splitlines()[-1]) / 1024)
    return {"rows": rows, "peak_mib": round(peaks[0]), "peak_mib_at_ten_times": round(peaks[1]),
            "growth": round(peaks[1] / peaks[0], 2)}  # fmt: skip


def sdv_sampling(rows):
    """Rows a second of SDV's Gaussian copula, fitted on 1,000 rows of ten columns."""
    from semops_data.synthesis.fit import metadata, model

    frame = table(1_000).to_pandas()[
        [f"amount_{n}" for n in range(4)] + [f"kind_{n}" for n in range(4)] + ["is_0", "is_1"]
    ]
    started = time.perf_counter()
    fitted = model.fit({"rows": frame}, metadata.detect({"rows": frame}))
    fit_seconds = time.perf_counter() - started
    model.sample(fitted, 100)
    seconds = best(lambda: model.sample(fitted, rows), 1)
    return {"model": "gaussian_copula", "columns": 10, "fit_rows": 1_000, "fit_seconds": round(fit_seconds, 2),
            "rows": rows, "seconds": round(seconds, 2), "rows_per_second": round(rows / seconds)}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--sdv-rows", type=int, default=10_000)
    arguments = parser.parse_args()
    os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "True"
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {
            "profile": profiles(folder, arguments.rows),
            "memory": memory(folder, arguments.rows),
            "sdv_sampling": sdv_sampling(arguments.sdv_rows),
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
