"""SDV, imported when it is used."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import Any

MODELS = {
    "gaussian_copula": ("sdv.single_table", "GaussianCopulaSynthesizer"),
    "ctgan": ("sdv.single_table", "CTGANSynthesizer"),
    "tvae": ("sdv.single_table", "TVAESynthesizer"),
    "hma": ("sdv.multi_table", "HMASynthesizer"),
}
"""Where SDV keeps each model."""
NEURAL = ("ctgan", "tvae")


class MissingExtraError(ImportError):
    """An optional package is not installed."""


class FitError(ValueError):
    """A table, its metadata or a model cannot be used as it is; says what to do."""


def sdv(name: str, attribute: str) -> Any:
    """A class or function of SDV.

    Args:
        name: the module, such as `sdv.metadata`.
        attribute: what to take from it.

    Raises:
        MissingExtraError: where SDV is not installed; says what to install.
    """
    # Its makers are told of every use unless this is set before it is imported.
    os.environ.setdefault("DO_NOT_TRACK", "true")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(import_module(name), attribute)
    except ImportError as error:
        raise MissingExtraError(
            "fitting and sampling need SDV: pip install 'semops-data[sdv]' (Business Source License 1.1: read "
            "docs/synthesis.md first). `dst synth report` works without it"
        ) from error
