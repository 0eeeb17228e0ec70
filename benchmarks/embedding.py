"""Texts a second of the local encoder on the CPU, against `SentenceTransformer.encode` of the same model.

Run: `python benchmarks/embedding.py [threads=1]`. The texts are the paragraphs of docs/, of mixed lengths. Each takes
turns with the other, the faster of two counts. Prints one JSON document.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer

from semops_data.embeddings.encoder import BATCH, open_encoder
from semops_data.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    """Print seconds, the ratio, and the greatest difference of a component."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    pages = [path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))]
    texts = [part for page in pages for part in page.split("\n\n") if part.strip()][::2]
    ours = open_encoder(Settings(device="cpu"))
    ours.encode(["warm"])
    plain = SentenceTransformer(str(ours._folder), device="cpu", local_files_only=True)  # noqa: SLF001
    taken: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(2):
        started = time.perf_counter()
        mine = ours.encode(texts)
        taken["ours"].append(time.perf_counter() - started)
        started = time.perf_counter()
        theirs = plain.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        taken["plain"].append(time.perf_counter() - started)
    best = {name: min(seconds) for name, seconds in taken.items()}
    found = {
        "texts": len(texts),
        "threads": threads,
        "ours_seconds": round(best["ours"], 2),
        "sentence_transformers_seconds": round(best["plain"], 2),
        "ratio": round(best["plain"] / best["ours"], 2),
        "greatest_difference": float(abs(mine - theirs).max()),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
