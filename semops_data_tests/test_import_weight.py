"""Importing the code location stays light: every step of a multiprocess run does it again."""

import json
import subprocess
import sys

from semops_data_tests.test_architecture import HEAVY

# numpy and pyarrow weigh 0.2 s, and an asset's annotations do not need them.
FORBIDDEN = sorted(
    HEAVY | {"numpy", "pyarrow", "deltalake", "obstore", "sqlglot", "dagster_mlflow", "dagster_snowflake"}
)
CODE = f"""
import json, sys
import dagster
before = set(sys.modules)
import semops_data.definitions
after = set(sys.modules) - before
print(json.dumps([name for name in {FORBIDDEN} if name in after]))
"""


def test_no_heavy_library_comes_with_the_definitions():
    """Which modules are loaded is the same on every machine; how long that takes is measured in benchmarks/."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_help_needs_neither_dagster_nor_the_rooms():
    code = "import sys; from semops_data.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in ('dagster', 'numpy', 'rich.console') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
