"""A release of the adapter: trained, judged on sets it never saw, saved with its card."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semops_data import markdown
from semops_data.coherence.contradiction.evaluation import Figures, evaluate, judged_sets, temperature
from semops_data.coherence.contradiction.mixture import (
    NEIGHBOUR,
    PLANTED,
    RELABELLED,
    SIBLING,
    Pairs,
    Recipe,
    training_pairs,
)
from semops_data.coherence.contradiction.model import ADAPTER, AdapterModel, bundled_base, digest, save_adapter
from semops_data.coherence.contradiction.pairs import TrainingDataError
from semops_data.coherence.contradiction.teacher import taught
from semops_data.coherence.contradiction.training import forget, train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semops_data.coherence.contradiction.network import Network
    from semops_data.coherence.contradiction.pairs import Example
    from semops_data.settings import Settings

LARGEST = 4_000_000
CARD, FIGURES = "MODEL_CARD.md", "figures.json"
# Pairs of each set that an adapter is judged on.
MOST_JUDGED = 1_500
SOURCES = {
    "snli": ("SNLI 1.0, development set, split by premise", "CC BY-SA 4.0"),
    "mnli": ("MultiNLI, matched development set, split by premise", "OANC and permissive, as MultiNLI states"),
    "wiki_base": ("New Protocols for NLI data (Bowman et al. 2020), Wikipedia sentences", "CC BY-SA 3.0"),
    "wiki_contrast": ("the same", "CC BY-SA 3.0"),
    "wiki_edit_other": ("the same", "CC BY-SA 3.0"),
    "wiki_edit_premise": ("the same", "CC BY-SA 3.0"),
    "counterfactual": ("counterfactually augmented NLI (Kaushik et al. 2020)", "Apache-2.0, on SNLI"),
    PLANTED: ("half from templates, half sentences of these sets with their meaning turned", "as these sets"),
    NEIGHBOUR: ("premises of MultiNLI and of the Wikipedia sets that are near each other", "as these sets"),
    SIBLING: ("hypotheses of one premise of MultiNLI, labelled by the teacher", "as MultiNLI"),
    RELABELLED: ("pairs of the Wikipedia sets, labelled once more by the teacher", "as these sets"),
}
CARD_TEXT = """\
# {model_id}

The difference between all-MiniLM-L6-v2 (Apache-2.0), whose own weights are not in the file, and a cross-encoder that
was trained from it: low-rank pairs in eight and four bits, and a head. {size} bytes of safetensors.

## What it is for

Two sentences in, the probabilities of entailment, neutral and contradiction out. semops-data holds a claim of a
definition against comparable sentences of other documents with it (`v2-nli`, and `v4-hybrid` beside the rules). The
raw score is the smaller P(contradiction) of both directions; it is calibrated on the corpus at hand before anybody
acts on it: without calibration it is no probability that two documents contradict each other.

## Figures

On sets that were never trained on, and by which nothing was chosen; large ones are thinned evenly. AUC: contradiction
against the rest, one way, and by the smaller P(contradiction) of both directions. ECE: expected calibration error of
P(contradiction), ten bins.

{figures}

The temperature, {temperature}, was fitted to {held_back} pairs of the first two sets below whose premises were held
back from training.

## Data and licences

{trained_on} pairs, each shown as often as the recipe says.

{sources}

Where a set's licence is share-alike, take the adapter's weights as shared alike, under CC BY-SA 4.0, with the
attribution above. The data themselves are not part of semops-data.

## How it was trained

The asset `coherence/contradiction_model` does it again, with this recipe:

```json
{recipe}
```

{teacher}

The same seed gives the same pairs, order and steps; other processors round otherwise, so that their file differs.

## Limits

- English alone: a text that does not look like English gets no verdict.
- 128 tokens for both sentences together; the rest is cut off.
- Two texts that are word for word the same agree unasked: the network alone says of some that they do not.
- Weak on arithmetic and quantities (the set `numbers`): the rules judge these, and `v4-hybrid` weighs both.
- Long evidence, world knowledge and irony are beyond a network of this size.
- Precise on few natural pairs: of the 25 that the adapter before the one that ships scored highest in semops-data's
  own documentation none was a contradiction when read by a person. Definitions beside the same definition with "null
  where there is none" deceived it most.
- Trained on image captions, Wikipedia and the genres of MultiNLI, and on templates about data: other registers have
  not been measured.
"""

TAUGHT = """\
From the fork on it also learned what a teacher says of pairs: all-mpnet-base-v2 (Apache-2.0), whose upper half had
learned the pairs of SNLI and MultiNLI above. The asset takes its folder as `teacher`; nothing of it is in the file."""
UNTAUGHT = "It learned from labels alone: no teacher was at hand."


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
    teacher: str | None = None,
    device: str = "cpu",
    log: Callable[[str], None] = lambda _: None,
) -> Release:
    """Train, save, judge and describe an adapter; a stopped training goes on where it was.

    Args:
        data: folder with `train/` and `test/`.
        folder: where adapter, card and figures go.
        recipe: how to train.
        teacher: folder of all-mpnet-base-v2; without it the pairs that it alone labels are left out.
        device: torch device.
        log: takes a line of progress.

    Raises:
        TrainingDataError: where the data or the teacher are missing or cannot be read.
    """
    if data is None or not data.is_dir():
        raise TrainingDataError(
            f"no folder of pairs at {data}: set SEMOPS_NLI_DATA (or the asset's `data`) to a folder that has "
            "train/*.jsonl.gz and test/*.jsonl.gz; the model card names the sets and where they come from"
        )
    base = bundled_base()
    recipe = recipe if teacher else replace(recipe, siblings=0, relabelled=0)
    pairs = training_pairs(data, base, recipe)
    pairs = taught(pairs, Path(teacher).expanduser(), folder, log=log) if teacher else pairs
    network = train(base, pairs.training, recipe, device=device, folder=folder, log=log)
    heat = calibrate(network, base, folder, pairs.validation, recipe=recipe, device=device)
    log(f"temperature {heat} on {len(pairs.validation):,} held-back pairs")
    sets = judged_sets(data, most=MOST_JUDGED)
    made = describe(folder, recipe, pairs, sets=sets, device=device, log=log)
    forget(folder)
    return made


def calibrate(
    network: Network, base: Path, folder: Path, held_back: Sequence[Example], *, recipe: Recipe, device: str
) -> float:
    """Save the adapter with the temperature that fits the held-back pairs best; gives the temperature.

    Raises:
        TrainingDataError: where the adapter is too large to ship.
    """
    about = {"recipe": asdict(recipe)}
    size = save_adapter(network, base, folder / ADAPTER, about)
    if size > LARGEST:
        raise TrainingDataError(f"the adapter has {size:,} bytes, more than {LARGEST:,}: lower the network's rank")
    model = AdapterModel(base, folder / ADAPTER, device)
    told = model.probabilities([(pair.premise, pair.hypothesis) for pair in held_back])
    heat = temperature(told, np.array([pair.label for pair in held_back], np.int64))
    save_adapter(network, base, folder / ADAPTER, about | {"temperature": heat})
    return heat


def describe(
    folder: Path,
    recipe: Recipe,
    pairs: Pairs,
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
    size, counts = (folder / ADAPTER).stat().st_size, Counter(pair.source for pair in pairs.training)
    told = {
        "model_id": model.model_id,
        "bytes": size,
        "temperature": model.temperature,
        "trained_on": dict(sorted(counts.items())),
        "held_back": len(pairs.validation),
        "recipe": asdict(recipe),
        "figures": [asdict(row) for row in figures],
    }
    (folder / FIGURES).write_text(json.dumps(told, indent=2) + "\n")
    (folder / CARD).write_text(card(told, figures))
    return Release(folder, size, digest(folder / ADAPTER), len(pairs.training), figures)


def card(told: Mapping[str, Any], figures: Sequence[Figures]) -> str:
    """The model card, in Markdown, from what `figures.json` holds."""
    counts = told["trained_on"]
    sources = [(name, f"{counts.get(name, 0):,}", *about) for name, about in SOURCES.items()]
    return CARD_TEXT.format(
        teacher=TAUGHT if counts.get(RELABELLED) or counts.get(SIBLING) else UNTAUGHT,
        model_id=told["model_id"],
        size=f"{told['bytes']:,}",
        figures=figure_table(figures),
        temperature=f"{told['temperature']:.2f}",
        held_back=f"{told['held_back']:,}",
        trained_on=f"{sum(counts.values()):,}",
        sources=markdown.table(("set", "pairs", "from", "licence"), sources),
        recipe=json.dumps(told["recipe"], sort_keys=True),
    )


def figure_table(figures: Sequence[Figures]) -> str:
    """Figures as a Markdown table, with 90% intervals."""
    header = ("set", "pairs", "accuracy", "90% interval", "AUC", "90% interval", "AUC, both ways", "ECE")
    rows = [
        (f.name, f"{f.pairs:,}", f"{f.accuracy:.3f}", f"{f.low:.3f} to {f.high:.3f}", f"{f.auc:.3f}",
         f"{f.auc_low:.3f} to {f.auc_high:.3f}", f"{f.symmetric_auc:.3f}", f"{f.calibration_error:.3f}")
        for f in figures
    ]  # fmt: skip
    return markdown.table(header, rows)
