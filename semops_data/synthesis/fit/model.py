"""Fit a model, keep it in a folder that vouches for itself, and sample it.

SDV keeps models as pickles, and a pickle is code: whoever can write the file decides what runs when it is loaded. So
a model is loaded only where its bytes have the digest of the manifest, and the manifest was signed with the key of
this platform home.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.synthesis.fit.extra import MODELS, NEURAL, FitError, sdv
from semops_data.synthesis.fit.limits import refuse_beyond_limits, root_tables
from semops_data.synthesis.fit.metadata import refuse_misfit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from semops_data.synthesis.fit.metadata import Metadata

MODEL, METADATA, MANIFEST = "model.pkl", "metadata.json", "manifest.json"
MAX_SEED = 2**32 - 1


class UntrustedModelError(FitError):
    """A stored model was changed, or another platform home wrote it: it is not loaded, as loading runs its code."""


@dataclass(frozen=True)
class Fitted:
    """A model and what it was fitted on.

    Attributes:
        kind: one of `MODELS`.
        metadata: tables, columns, relationships.
        rows: rows of each table that it was fitted on.
        synthesizer: SDV's object.
        suffix: format of the files, `.csv` or `.parquet`.
    """

    kind: str
    metadata: Metadata
    rows: Mapping[str, int]
    synthesizer: Any
    suffix: str = ".csv"


def fit(
    tables: Mapping[str, pd.DataFrame],
    metadata: Metadata,
    kind: str = "gaussian_copula",
    *,
    epochs: int | None = None,
    suffix: str = ".csv",
) -> Fitted:
    """Fit a model.

    Args:
        tables: frames by name.
        metadata: as `detect` gives it, or as edited.
        kind: one of `MODELS`.
        epochs: of a neural model; SDV's default (300) by default.
        suffix: format in which samples are written.

    Raises:
        MissingExtraError: where SDV is not installed.
        FitError: where the model cannot learn these tables; names them and what to do.
    """
    refuse_misfit(metadata, tables)
    rows = {name: len(frame) for name, frame in tables.items()}
    refuse_beyond_limits(kind, metadata, rows)
    if epochs is not None and kind not in NEURAL:
        raise FitError(f"model {kind} has no epochs: leave them out, or choose {' or '.join(NEURAL)}")
    options: dict[str, Any] = {"epochs": epochs} if epochs else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        described = _described(metadata, tables)
        quiet = {"verbose": False} if kind == "hma" else {}
        synthesizer = sdv(*MODELS[kind])(described, **options, **quiet)
        try:
            synthesizer.fit(dict(tables))
        except sdv("sdv.errors", "SynthesizerInputError") as error:
            raise FitError(f"SDV refuses {', '.join(tables)}: {error}") from error
    return Fitted(kind, metadata, rows, synthesizer, suffix)


def _described(metadata: Metadata, tables: Mapping[str, pd.DataFrame]) -> Any:
    try:
        described = sdv("sdv.metadata", "Metadata").load_from_dict(metadata)
        described.validate()
        described.validate_data(dict(tables))
    except (sdv("sdv.errors", "InvalidDataError"), sdv("sdv.metadata.errors", "InvalidMetadataError")) as error:
        said = " ".join(str(error).split())
        raise FitError(f"metadata and data do not fit each other: {said[:1000]}") from error
    return described


def sample(fitted: Fitted, rows: int, *, seed: int = 0, main: str | None = None) -> dict[str, pd.DataFrame]:
    """Draw rows; the same seed gives the same rows, in any process.

    Args:
        fitted: the model.
        rows: rows of the table, or of the main table of related ones.
        seed: 0 to 2^32 - 1.
        main: the table that `rows` counts; the first that is nobody's child by default.

    Raises:
        FitError: where a number is out of range or there is no such table.
    """
    if rows < 1 or not 0 <= seed <= MAX_SEED:
        raise FitError(f"rows is at least 1 and a seed 0 to {MAX_SEED}; there are {rows} and {seed}")
    roots = root_tables(fitted.metadata)
    if main is not None and main not in fitted.metadata["tables"]:
        raise FitError(f"the model has no table {main!r}; there are {', '.join(fitted.metadata['tables'])}")
    _reseed(fitted.synthesizer, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if fitted.kind == "hma":
            drawn = fitted.synthesizer.sample(rows, main or roots[0])
        else:
            drawn = fitted.synthesizer.sample(rows)
    names = list(fitted.metadata["tables"])
    frames = drawn if isinstance(drawn, dict) else {names[0]: drawn}
    return {name: frames[name] for name in names}


def _reseed(synthesizer: Any, seed: int) -> None:
    """Put every source of chance to the seed; `reset_sampling` alone gives one sample for ever.

    SDV has no public seed. That these private names do it is tested: same seed, same rows; another seed, others.
    """
    synthesizer.reset_sampling()
    for offset, part in enumerate(getattr(synthesizer, "_table_synthesizers", {}).values()):
        part._set_random_state((seed + offset) % (MAX_SEED + 1))  # noqa: SLF001
        synthesizer._numpy_seed = seed  # noqa: SLF001
    if hasattr(synthesizer, "_set_random_state"):
        synthesizer._set_random_state(seed)  # noqa: SLF001


def save(fitted: Fitted, folder: Path, home: Path) -> Path:
    """Keep a model in a folder, with a manifest that this home signs.

    Raises:
        FitError: where the folder holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise FitError(f"{folder} is a file: name a folder for the model")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise FitError(f"{folder} holds other files and no model: name an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        MODEL: sdv("cloudpickle", "dumps")(fitted.synthesizer),
        METADATA: json.dumps(fitted.metadata, indent=2).encode(),
    }
    about = {
        "format": 1,
        "model": fitted.kind,
        "rows": dict(fitted.rows),
        "suffix": fitted.suffix,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }
    manifest = json.dumps(about | {"signature": _signature(about, _make_key(home))}, indent=2).encode()
    # The manifest comes last: after a crash in between, the digests do not match and the model is refused.
    for name, content in (*contents.items(), (MANIFEST, manifest)):
        scratch = folder / f".{name}.{os.getpid()}"
        scratch.write_bytes(content)
        scratch.replace(folder / name)
    return folder


def load(folder: Path, home: Path) -> Fitted:
    """Load a model that this home wrote and nobody changed.

    Raises:
        FitError: where there is no model.
        UntrustedModelError: where a file has another digest, or the manifest is not signed by this home.
        MissingExtraError: where SDV is not installed.
    """
    try:
        about = json.loads((folder / MANIFEST).read_bytes())
        contents = {name: (folder / name).read_bytes() for name in (MODEL, METADATA)}
    except (OSError, ValueError) as error:
        raise FitError(
            f"{folder} holds no model ({MANIFEST}, {MODEL}, {METADATA}): `dst synth fit` makes one"
        ) from error
    refuse_untrusted(folder, about, contents, home)
    import pickle

    sdv(*MODELS[about["model"]])
    # The very bytes whose digest was compared, not the file again.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synthesizer = pickle.loads(contents[MODEL])  # noqa: S301 - signed by this home
    metadata = json.loads(contents[METADATA])
    return Fitted(about["model"], metadata, about["rows"], synthesizer, about["suffix"])


def refuse_untrusted(folder: Path, about: Any, contents: Mapping[str, bytes], home: Path) -> None:
    """Check a manifest's signature, and the digests of the files that it names.

    Raises:
        UntrustedModelError: naming the file.
    """
    given = about.pop("signature", None) if isinstance(about, dict) else None
    key = _key(home)
    if key is None or not isinstance(given, str) or not hmac.compare_digest(given, _signature(about, key)):
        raise UntrustedModelError(
            f"{folder} was not written by this platform home ({home}): a model is a pickle, and loading it runs the "
            "code in it. Fit it here again with `dst synth fit`"
        )
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != about["files"].get(name):
            raise UntrustedModelError(
                f"{folder / name} is not the file that was written (its sha256 differs from {MANIFEST}): a model is a "
                "pickle, and loading it runs the code in it. Fit it again with `dst synth fit`"
            )


def _signature(about: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _key(home: Path) -> bytes | None:
    path = _key_path(home)
    return path.read_bytes() if path.exists() else None


def _make_key(home: Path) -> bytes:
    path = _key_path(home)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_bytes(secrets.token_bytes(32))
        try:
            # Another process may have been first; its key stays.
            path.hardlink_to(scratch)
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return path.read_bytes()


def _key_path(home: Path) -> Path:
    return home / "synthesis" / "model.key"
