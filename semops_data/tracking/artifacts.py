"""The files of a run, uploaded once; a file that cannot be is named in a tag and stops nothing.

Metadata come from anyone's code, so a path is believed only where it leads to a file of the platform's home.
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 50_000_000
FOLDER = "reports"
SKIPPED = "semops.artifact_skipped"
_LONGEST_TAG = 2_000


def upload(
    client: Any, run_id: str, artifacts: Mapping[str, str], home: Path, pages: Mapping[str, str] | None = None
) -> None:
    """Upload files to a run of MLflow, under `reports/`; those that are there already are left.

    Args:
        client: MLflow's.
        run_id: the run.
        artifacts: paths by the name that each file gets.
        home: only files below it are uploaded.
        pages: what is written into files of its own, text or a data URI, by the name that each gets.
    """
    held = {item.path for item in client.list_artifacts(run_id, FOLDER)}
    skipped = []
    for name, place in artifacts.items():
        if f"{FOLDER}/{name}" in held:
            continue
        problem = refusal(Path(place), home)
        if problem:
            skipped.append(f"{name}: {problem}")
            continue
        # The store takes the file's own name, and the run says another.
        with tempfile.TemporaryDirectory(prefix="semops-artifact-") as folder:
            link = Path(folder) / name
            link.symlink_to(Path(place).resolve())
            client.log_artifact(run_id, str(link), FOLDER)
    fresh = {name: page for name, page in (pages or {}).items() if f"{FOLDER}/{name}" not in held}
    if fresh:
        with tempfile.TemporaryDirectory(prefix="semops-artifact-") as folder:
            for name, page in fresh.items():
                (Path(folder) / name).write_bytes(content(page))
            client.log_artifacts(run_id, folder, FOLDER)
    if skipped:
        client.set_tag(run_id, SKIPPED, "; ".join(skipped)[:_LONGEST_TAG])


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
