"""The promises of the layout, as tests: who may import whom, and what every asset says about itself."""

from __future__ import annotations

import ast
from pathlib import Path

import dagster as dg
import pytest

from semops_data.definitions import ROOMS, defs

PACKAGE = Path(__file__).parents[1] / "semops_data"
FILES = sorted(PACKAGE.rglob("*.py"))
# The way the data takes; a room imports from those before it.
ORDER = ("contracts", *ROOMS, "resources", "cli")
# What resources hand to every room: storage and records, which belong to one room and serve all.
SHARED = (
    "semops_data.lakehouse.lake",
    "semops_data.lakehouse.digest",
    "semops_data.episodes.record",
    "semops_data.resources.event_log",
)
KNOW_DAGSTER = {"assets.py", "checks.py", "sensors.py"}
HEAVY = {
    "torch", "transformers", "sentence_transformers", "sdv", "mlflow", "snowflake", "ydata_profiling", "qdrant_client",
    "qdrant_edge", "fakesnow", "matplotlib", "faker", "boto3", "duckdb", "polars", "pandas", "openlineage", "sklearn",
    "scipy", "moto",
}  # fmt: skip


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def imports(path, *, module_level=False):
    """Dotted names that a file imports; `from a import b` gives `a.b`."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if module_level else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_wiring(path):
    name = name_of(path)
    return (
        name in {"definitions.py", "partitions.py", "catalog.py"}
        or name.startswith(("resources/", "cli/"))
        or (path.name in KNOW_DAGSTER)
    )


def test_the_core_has_never_heard_of_dagster():
    """What a room knows can be used, tested and read without an orchestrator."""
    guilty = [
        name_of(path)
        for path in FILES
        if not is_wiring(path) and any(name.split(".")[0].startswith("dagster") for name in imports(path))
    ]
    assert guilty == []


def test_a_room_imports_from_upstream_alone():
    """The tree on disk is the way the data takes; an import against the stream would make it a lie."""
    guilty = []
    for path in FILES:
        room = name_of(path).split("/")[0]
        if room not in ORDER:
            continue
        for name in imports(path):
            parts = name.split(".")
            against = (
                len(parts) > 1
                and parts[0] == "semops_data"
                and parts[1] in ORDER
                and (ORDER.index(parts[1]) > ORDER.index(room))
            )
            if against and not name.startswith(SHARED):
                guilty.append(f"{name_of(path)} imports {name}")
    assert guilty == []


def test_no_room_imports_the_assets_of_another():
    """The loader would pick the asset object up twice; rooms reach each other by key."""
    guilty = [
        f"{name_of(path)} imports {name}"
        for path in FILES
        for name in imports(path)
        if name.startswith("semops_data.") and ".assets" in name and name_of(path).split("/")[0] not in name
    ]
    assert guilty == []


def test_no_heavy_library_is_imported_at_module_level():
    """Every step of every run imports the code location."""
    guilty = [
        f"{name_of(path)} imports {name}"
        for path in FILES
        for name in imports(path, module_level=True)
        if name.split(".")[0] in HEAVY and path.name != "emulator_server.py"
    ]
    assert guilty == []


def test_imports_are_absolute():
    guilty = [
        name_of(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert guilty == []


@pytest.mark.parametrize("room", ORDER)
def test_every_room_opens_with_its_charter(room):
    """A newcomer learns from the first lines what belongs into a folder."""
    charter = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text())) or ""
    assert len(charter.splitlines()) >= 2, f"{room} does not say what belongs there"
    assert not charter.startswith("The room ")


def test_every_file_says_what_it_is():
    assert [name_of(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_files_and_functions_stay_readable():
    long_files = {name_of(path): n for path in FILES if (n := len(path.read_text().splitlines())) > 350}
    long_functions = {
        f"{name_of(path)}:{node.name}": node.end_lineno - node.lineno
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno > 65
    }
    assert long_files == {}
    assert long_functions == {}


def assets():
    graph = defs.resolve_asset_graph()
    return [graph.get(key) for key in graph.toposorted_asset_keys]


def test_every_asset_documents_itself():
    """The catalogue is the documentation: nobody has to open the code to learn what an asset is."""
    wanting = {}
    for node in assets():
        key, metadata = node.key.to_user_string(), node.metadata
        missing = [
            what
            for what, there in {
                "description": node.description,
                "owners": node.owners,
                "kinds": node.kinds,
                "group of its room": node.group_name == key.split("/")[0],
                "code_version": node.code_version or node.is_external,
                "contract or metadata": metadata or node.is_external,
            }.items()
            if not there
        ]
        if missing:
            wanting[key] = missing
    assert wanting == {}


def test_every_key_is_a_room_and_a_name():
    assert [node.key for node in assets() if len(node.key.path) != 2 or node.key.path[0] not in ROOMS] == []


def test_every_check_says_what_it_claims():
    """A claim reads as a sentence under its asset, and does not repeat the asset's name."""
    graph = defs.resolve_asset_graph()
    for key in graph.asset_check_keys:
        assert graph.get_check_spec(key).description, f"{key.to_user_string()} has no description"
        assert not key.name.startswith(key.asset_key.path[-1]), key.to_user_string()


def test_dagster_is_imported_under_one_name():
    guilty = [
        name_of(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import) and any(a.name == "dagster" and a.asname != "dg" for a in node.names)
    ]
    assert guilty == []
    assert dg.__version__.startswith("1.13.")
