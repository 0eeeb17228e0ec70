"""A release of the adapter: trained, judged on sets it never saw, saved with its card."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data import markdown
from semops_data.coherence.contradiction.evaluation import Figures, evaluate, judged_sets
from semops_data.coherence.contradiction.model import ADAPTER, AdapterModel, bundled_base, digest, save_adapter
from semops_data.coherence.contradiction.pairs import TrainingDataError
from semops_data.coherence.contradiction.training import Recipe, train, training_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semops_data.coherence.contradiction.pairs import Example
    from semops_data.settings import Settings

LARGEST = 4_000_000
CARD, FIGURES = "MODEL_CARD.md", "figures.json"
SOURCES = {
    "snli": ("SNLI 1.0, development set, split by premise", "CC BY-SA 4.0"),
    "mnli": ("MultiNLI, matched development set, split by premise", "OANC and permissive, as MultiNLI states"),
    "wiki_base": ("New Protocols for NLI data (Bowman et al. 2020), Wikipedia sentences", "CC BY-SA 3.0"),
    "wiki_contrast": ("the same", "CC BY-SA 3.0"),
    "wiki_edit_other": ("the same", "CC BY-SA 3.0"),
    "wiki_edit_premise": ("the same", "CC BY-SA 3.0"),
    "counterfactual": ("counterfactually augmented NLI (Kaushik et al. 2020)", "Apache-2.0, on SNLI"),
}
CARD_TEXT = """\
# {model_id}

Low-rank corrections and a head that make a cross-encoder of all-MiniLM-L6-v2 (Apache-2.0), whose own weights are not
in the file: {size} bytes of safetensors in half precision.

## What it is for

Two sentences in, the probabilities of entailment, neutral and contradiction out. semops-data holds a claim of a
definition against comparable sentences of other documents with it (`v2-nli`, and `v4-hybrid` beside the rules). The
raw score is the smaller P(contradiction) of both directions; it is calibrated on the corpus at hand before anybody
acts on it: without calibration it is no probability that two documents contradict each other.

## Figures

On sets that were never trained on. AUC: contradiction against the rest, one way, and by the smaller P(contradiction)
of both directions.

{figures}

## Data and licences

{trained_on} pairs, of which {planted} are planted by the project: half of them from templates, half of them sentences
of the sets below with their meaning turned.

{sources}

Where a set's licence is share-alike, take the adapter's weights as shared alike, under CC BY-SA 4.0, with the
attribution above. The data themselves are not part of semops-data.

## How it was trained

The asset `coherence/contradiction_model` does it again, with this recipe:

```json
{recipe}
```

## Limits

- English alone: a text that does not look like English gets no verdict.
- 128 tokens for both sentences together; the rest is cut off.
- Weak on arithmetic and quantities (the set `numbers`): the rules judge these, and `v4-hybrid` takes the stronger.
- Long evidence, world knowledge and irony are beyond a network of this size.
- Precise on few natural pairs: of the 25 that it scored highest in semops-data's own documentation none was a
  contradiction when read by a person. Sentences that say when something is null, or that define a part of what a
  claim defines, deceive it most.
- Trained on image captions, Wikipedia and the genres of MultiNLI, and on templates about data: other registers have
  not been measured.
"""


@dataclass(frozen=True)
class Release:
    """What was made: where it lies, its size in bytes and sha256, the pairs it was trained on and its figures."""

    folder: Path
    size: int
    digest: str
    trained_on: int
    figures: list[Figures]


def data_folder(configured: str | None, settings: Settings) -> Path | None:
    """The folder of pairs that a run or the settings name."""
    return Path(configured).expanduser() if configured else settings.nli_data


def recipe_of(changes: Mapping[str, Any]) -> Recipe:
    """The recipe of the shipped adapter with the changes that are not None."""
    return replace(Recipe(), **{name: value for name, value in changes.items() if value is not None})


def make(
    data: Path | None,
    folder: Path,
    recipe: Recipe,
    *,
    device: str = "cpu",
    log: Callable[[str], None] = lambda _: None,
) -> Release:
    """Train, save, judge and describe an adapter; a stopped training goes on where it was.

    Args:
        data: folder with `train/` and `test/`.
        folder: where adapter, card and figures go.
        recipe: how to train.
        device: torch device.
        log: takes a line of progress.

    Raises:
        TrainingDataError: where the data are missing or cannot be read.
    """
    if data is None or not data.is_dir():
        raise TrainingDataError(
            f"no folder of pairs at {data}: set SEMOPS_NLI_DATA (or the asset's `data`) to a folder that has "
            "train/*.jsonl.gz and test/*.jsonl.gz; the model card names the sets and where they come from"
        )
    base, examples = bundled_base(), training_pairs(data, recipe)
    network = train(base, examples, recipe, device=device, checkpoint=folder / "checkpoint.safetensors", log=log)
    size = save_adapter(network, base, folder / ADAPTER, {"recipe": asdict(recipe)})
    if size > LARGEST:
        raise TrainingDataError(f"the adapter has {size:,} bytes, more than {LARGEST:,}: lower the recipe's rank")
    return describe(folder, recipe, len(examples), sets=judged_sets(data), device=device, log=log)


def describe(
    folder: Path,
    recipe: Recipe,
    trained_on: int,
    *,
    sets: Mapping[str, Sequence[Example]],
    device: str = "cpu",
    log: Callable[[str], None] = lambda _: None,
) -> Release:
    """Judge the adapter of a folder on sets and write its card and figures."""
    model, figures = AdapterModel(bundled_base(), folder / ADAPTER, device), []
    for name, examples in sets.items():
        figures.append(evaluate(model, name, examples))
        log(f"{name}: accuracy {figures[-1].accuracy:.3f}, AUC {figures[-1].auc:.3f} on {len(examples):,} pairs")
    size = (folder / ADAPTER).stat().st_size
    told = {"model_id": model.model_id, "bytes": size, "trained_on": trained_on, "recipe": asdict(recipe)}
    told |= {"figures": [asdict(row) for row in figures]}
    (folder / FIGURES).write_text(json.dumps(told, indent=2) + "\n")
    (folder / CARD).write_text(card(model.model_id, size, recipe, trained_on, figures))
    return Release(folder, size, digest(folder / ADAPTER), trained_on, figures)


def card(model_id: str, size: int, recipe: Recipe, trained_on: int, figures: Sequence[Figures]) -> str:
    """The model card, in Markdown."""
    return CARD_TEXT.format(
        model_id=model_id,
        size=f"{size:,}",
        figures=figure_table(figures),
        trained_on=f"{trained_on:,}",
        planted=f"{recipe.planted:,}",
        sources=markdown.table(("set", "from", "licence"), [(name, *told) for name, told in SOURCES.items()]),
        recipe=json.dumps(asdict(recipe), sort_keys=True),
    )


def figure_table(figures: Sequence[Figures]) -> str:
    """Figures as a Markdown table."""
    header = ("set", "pairs", "accuracy", "90% interval", "AUC", "AUC, both ways")
    rows = [
        (f.name, f"{f.pairs:,}", f"{f.accuracy:.3f}", f"{f.low:.3f} to {f.high:.3f}", f"{f.auc:.3f}",
         f"{f.symmetric_auc:.3f}")
        for f in figures
    ]  # fmt: skip
    return markdown.table(header, rows)
