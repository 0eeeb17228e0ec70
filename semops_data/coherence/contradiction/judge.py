"""`Judge`: the model's verdict beside the rules'.

`embedding`: candidates by embedding, judged by the rules alone. `v2-nli`: judged by the model alone. `v4-hybrid`:
both, weighed against each other (`combination`), named for what gave it. Calibration is fitted to the
scores of the method in use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from semops_data.coherence.combination import SHIPPED
from semops_data.coherence.contradiction.model import open_model
from semops_data.coherence.contradiction.verdicts import VerdictCache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.coherence.consistency import Pair
    from semops_data.coherence.contradiction.model import ContradictionModel
    from semops_data.coherence.knowledge import Knowledge
    from semops_data.settings import Settings

HYBRID = "v4-hybrid"
RULE = "model"
# Below this a model's score is no reason that could be shown to a person.
TOLD = 0.1


@dataclass(frozen=True)
class Judge:
    """A model, its verdicts so far, and how they meet the rules'.

    Attributes:
        method: `v2-nli` or `v4-hybrid`.
        model: the contradiction model.
        cache: verdicts by text and model.
    """

    method: str
    model: ContradictionModel
    cache: VerdictCache

    def judged(self, pairs: Sequence[Pair], knowledge: Knowledge) -> list[Pair]:
        """Pairs that the rules have judged, judged by the method."""
        claims = {(p.pattern_id, n): claim.text for p in knowledge.patterns for n, claim in enumerate(p.claims)}
        texts = [(claims[pair.pattern_id, pair.claim], knowledge.sentences[pair.sentence].text) for pair in pairs]
        raws, _ = self.cache.raws(self.model, texts)
        both = self._both(texts, np.array([pair.raw for pair in pairs]), raws)
        return [self._verdict(pair, float(raw), float(one)) for pair, raw, one in zip(pairs, raws, both, strict=True)]

    def raws(self, texts: Sequence[tuple[str, str]], by_rules: np.ndarray) -> np.ndarray:
        """Raw scores of any two texts, float64 of shape (len(texts),), from the rules' scores and the model's."""
        raws, _ = self.cache.raws(self.model, texts)
        return self._both(texts, by_rules, raws)

    def _both(self, texts: Sequence[tuple[str, str]], by_rules: np.ndarray, by_model: np.ndarray) -> np.ndarray:
        if self.method != HYBRID:
            told: np.ndarray = np.nan_to_num(by_model, nan=0.0)
            return told
        return SHIPPED.scores(texts, by_rules, by_model)

    def _verdict(self, pair: Pair, raw: float, both: float) -> Pair:
        own = replace(pair, method=self.method)
        if self.method != HYBRID:
            own = replace(own, raw=0.0, rule=None, detail=None)
        if math.isnan(raw) and own.rule is None:
            return replace(own, detail="the model does not know the language of one of the two")
        own = replace(own, raw=both)
        if own.rule is not None:
            return own
        told = f"{self.model.model_id}: P(contradiction) at least {raw:.2f} in either direction"
        return replace(own, rule=RULE if both >= TOLD else None, detail=told if both >= TOLD else None)


def open_judge(settings: Settings) -> Judge | None:
    """The judge that the settings name; None where the rules judge alone.

    Raises:
        ContradictionModelError: where the configured model is missing.
    """
    if settings.contradiction_method == "embedding":
        return None
    cache = VerdictCache(settings.home / "coherence" / "verdicts.db")
    return Judge(settings.contradiction_method, open_model(settings), cache)
