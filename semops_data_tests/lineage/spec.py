"""The shared validator of OpenLineage's specification, with the schemas of our own facets."""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path

import pytest

from semops_data.lineage.custom import SCHEMAS

VALIDATOR = Path(__file__).parents[3] / "shared" / "openlineage" / "validate.py"
PLACES = (VALIDATOR,)


@functools.cache
def specification():
    """The specification's schemas and ours; the test is skipped where they are not here."""
    place = next((place for place in PLACES if place.exists()), None)
    if place is None:
        pytest.skip("the specification's schemas are not here")
    found = importlib.util.spec_from_file_location("validate", place)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Spec(SCHEMAS)


def findings(events):
    """What the specification finds wrong with the events, each named once."""
    spec, seen, found = specification(), set(), set()

    def fresh(part):
        groups = {}
        for group in {"facets", "inputFacets", "outputFacets"} & set(part):
            # Definitions repeat in every event: each facet is looked at once.
            texts = {name: f"{group} {name} {json.dumps(facet, sort_keys=True)}" for name, facet in part[group].items()}
            groups[group] = {name: facet for name, facet in part[group].items() if texts[name] not in seen}
            seen.update(texts.values())
        return part | groups

    for event in events:
        parts = {"run": fresh(event["run"]), "job": fresh(event["job"])}
        parts |= {side: [fresh(dataset) for dataset in event[side]] for side in ("inputs", "outputs")}
        found |= set(spec.findings(event | parts))
    return sorted(found)


def asset_of(dataset):
    """The asset key that a dataset says it has, whatever it is called elsewhere."""
    (found,) = [i["name"] for i in dataset["facets"]["symlinks"]["identifiers"] if i["type"] == "DAGSTER_ASSET"]
    return found
