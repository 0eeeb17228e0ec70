"""The files of a run, uploaded once; a file that cannot be is named in a tag and stops nothing.

Metadata come from anyone's code, so a path is believed only where it leads to a file of the platform's home.
"""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 50_000_000
FOLDER = "reports"
SKIPPED = "semops.artifact_skipped"
_LONGEST_TAG = 2_000


@dataclass(frozen=True)
class Shelf:
    """Where the artifacts of one MLflow run lie.

    Attributes:
        client: MLflow's.
        run_id: the run.
        uri: its artifacts' address where the run has just been made, and so has none; None where it has to be asked.
    """

    client: Any
    run_id: str
    uri: str | None = None

    def held(self) -> set[str]:
        """The paths of what is there already."""
        return set() if self.uri else {item.path for item in self.client.list_artifacts(self.run_id, FOLDER)}

    def put(self, folder: str) -> None:
        """Upload the files of a folder.

        The client would ask for the run and its experiment each time, which costs more than the files.
        """
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        uri = self.uri or self.client.get_run(self.run_id).info.artifact_uri
        get_artifact_repository(uri, tracking_uri=self.client.tracking_uri).log_artifacts(folder, FOLDER)


def upload(shelf: Shelf, artifacts: Mapping[str, str], home: Path, pages: Mapping[str, str]) -> None:
    """Upload files to a run of MLflow, under `reports/`; those that are there already are left.

    Args:
        shelf: the run's.
        artifacts: paths by the name that each file gets.
        home: only files below it are uploaded.
        pages: what is written into files of its own, text or a data URI, by the name that each gets.
    """
    held, skipped = shelf.held(), []
    with tempfile.TemporaryDirectory(prefix="semops-artifact-") as folder:
        for name, place in artifacts.items():
            if f"{FOLDER}/{name}" in held:
                continue
            if problem := refusal(Path(place), home):
                skipped.append(f"{name}: {problem}")
            else:
                # The store takes the file's own name, and the run says another.
                (Path(folder) / name).symlink_to(Path(place).resolve())
        for name, page in pages.items():
            if f"{FOLDER}/{name}" not in held and name not in artifacts:
                (Path(folder) / name).write_bytes(content(page))
        if any(Path(folder).iterdir()):
            shelf.put(folder)
    if skipped:
        shelf.client.set_tag(shelf.run_id, SKIPPED, "; ".join(skipped)[:_LONGEST_TAG])


def content(page: str) -> bytes:
    """A page's bytes: those of a picture, or the text."""
    _, is_picture, encoded = page.partition(";base64,")
    return base64.b64decode(encoded) if is_picture and page.startswith("data:image/") else page.encode()


def refusal(path: Path, home: Path) -> str | None:
    """Why a file is not uploaded; None where it is."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "there is no such file any more"
    if not real.is_relative_to(home.resolve()):
        return "the file lies outside the platform's home"
    if not real.is_file():
        return "it is no file"
    size = real.stat().st_size
    return f"{size:,} bytes are more than {MAX_BYTES:,}" if size > MAX_BYTES else None
