"""Cases that people wrote: contradictions, paraphrases and edits of real definitions, half of them kept unseen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("handwritten.yaml")


@dataclass(frozen=True)
class Pair:
    """A claim and a sentence about it.

    Attributes:
        kind: `contradiction`, `contradiction of a paraphrase`, `paraphrase`, `changed` or `kept`.
        claim: the definition's sentence.
        text: the other one.
        is_unseen: whether it was kept aside while rules and thresholds were made.
    """

    kind: str
    claim: str
    text: str
    is_unseen: bool

    @property
    def is_fault(self) -> bool:
        """Whether the two mean different things."""
        return self.kind not in {"paraphrase", "kept"}


_FIELDS = {
    "against": "contradiction",
    "otherwise": "contradiction of a paraphrase",
    "same": "paraphrase",
    "changed": "changed",
    "kept": "kept",
}


def handwritten(file: Path = FILE) -> list[Pair]:
    """Every case of the file, in its order."""
    found = []
    for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
        for field, kind in _FIELDS.items():
            texts = entry.get(field, [])
            own = [texts] if isinstance(texts, str) else texts
            found += [Pair(kind, entry["claim"], text, entry["split"] == "unseen") for text in own]
    return found
