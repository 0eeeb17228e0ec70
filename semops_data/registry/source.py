"""Where the registry lies, and the digest that says whether it changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from semops_data.registry.load import load

if TYPE_CHECKING:
    from semops_data.registry.model import Registry
    from semops_data.settings import Settings

OWN = Path(__file__).with_name("semops.yaml")


@dataclass(frozen=True)
class RegistryFile:
    """The registry file of a platform home; it is read at each `load`."""

    path: Path

    def load(self) -> Registry:
        """The registry; a file that has not changed is parsed once in a process.

        Raises:
            RegistryError: with every fault, its file and line.
        """
        try:
            content = hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError:
            return load(self.path)
        return _parsed(self.path, content)


@lru_cache(maxsize=4)
def _parsed(path: Path, content: str) -> Registry:  # noqa: ARG001 - another content is another registry
    return load(path)


def registry_path(settings: Settings) -> Path:
    """The configured registry file; this project's own by default."""
    return Path(settings.registry).expanduser().absolute() if settings.registry else OWN


def registry_digest(settings: Settings) -> str:
    """sha256 of the registry file, hexadecimal; `missing` where it cannot be read."""
    try:
        return hashlib.sha256(registry_path(settings).read_bytes()).hexdigest()
    except OSError:
        return "missing"
