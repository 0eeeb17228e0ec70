"""`knowledge_of`: what the scorer looks at, read once for all assets of a run that look at the same versions."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from semops_data.coherence.knowledge import Knowledge, load
from semops_data.lakehouse.carried import NOTHING

if TYPE_CHECKING:
    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Lake

READ = ("registry/patterns", "corpus/chunks", "embeddings/chunks", "embeddings/sentences", "embeddings/patterns")
# The last one alone: its indexes are built once, and a long-lived process holds one corpus.
_held: dict[str, tuple[tuple[object, ...], Knowledge]] = {}


def knowledge_of(lake: Lake, carried: Carried = NOTHING) -> Knowledge:
    """The knowledge at the latest versions of its tables.

    Args:
        lake: holds the tables.
        carried: what was found about them before.

    Raises:
        MissingTableError: where one of the tables was never written.
        MixedModelsError: where the vectors are not all of one model.
    """
    opened = [lake.open(key) for key in READ]
    # A table that was deleted and written anew has the version of the former one, but not its id.
    seen = (lake.root, carried, *((str(delta.metadata().id), delta.version()) for delta in opened))
    held = _held.get("last")
    if held is None or held[0] != seen:
        _held.clear()
        # None of a hundred thousand small values is garbage: walking them takes longer than making them.
        was_on = gc.isenabled()
        gc.disable()
        try:
            held = _held["last"] = (seen, load(lake, carried))
        finally:
            if was_on:
                gc.enable()
    return held[1]
