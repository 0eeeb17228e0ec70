"""What people say of pairs of texts: kept one by one with author and time, carried between homes as JSON lines."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from semops_data.coherence.judges.agreement import majority
from semops_data.contracts import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from semops_data.lakehouse.lake import Lake

KEY = "coherence/labels"
LABELS = ("contradicts", "agrees", "cannot_tell")
MOST_ERRORS = 20
LONGEST_NAME = 200


class LabelError(ValueError):
    """A file of labels cannot be read; names each line and what is wrong with it."""


@dataclass(frozen=True)
class Label:
    """What a person says of two texts; the fields are the columns of `coherence/labels`."""

    left_text: str
    right_text: str
    label: str
    author: str
    labelled_at: datetime
    picked: str = "imported"
    pattern_id: str | None = None
    left_place: str | None = None
    right_place: str | None = None

    @property
    def pair_id(self) -> str:
        """Identity of the two texts."""
        return pair_id(self.left_text, self.right_text)


def pair_id(left: str, right: str) -> str:
    """sha256 of two texts in their order, hexadecimal."""
    joined = json.dumps([left, right])
    return hashlib.sha256(joined.encode()).hexdigest()


def read(lake: Lake) -> list[Label]:
    """Every label that holds, oldest first; none where nobody has labelled yet."""
    if not lake.exists(KEY):
        return []
    rows = sorted(lake.read(KEY).to_pylist(), key=lambda row: (row["labelled_at"], row["pair_id"], row["author"]))
    return [Label(**{name: value for name, value in row.items() if name != "pair_id"}) for row in rows]


def keep(lake: Lake, labels: Iterable[Label]) -> int:
    """Keep labels; a person's later word replaces the earlier one, and never the other way round.

    Returns:
        How many were new, or replaced an earlier one.
    """
    held = {(label.pair_id, label.author): label for label in read(lake)}
    newest: dict[tuple[str, str], Label] = {}
    for label in sorted(labels, key=lambda label: label.labelled_at):
        before = held.get((label.pair_id, label.author))
        if before is None or before.labelled_at < label.labelled_at:
            newest[label.pair_id, label.author] = label
    if newest:
        lake.merge(KEY, _rows(list(newest.values())))
    return len(newest)


def version(lake: Lake) -> str:
    """A digest of all labels; `none` where there are none."""
    from semops_data.lakehouse.digest import digest

    return digest(lake.read(KEY)) if lake.exists(KEY) else "none"


def settled(labels: Sequence[Label]) -> dict[tuple[str, str], str]:
    """The label of each pair that most of its labellers give it; pairs without a majority are left out."""
    said: dict[tuple[str, str], list[str]] = {}
    for label in labels:
        said.setdefault((label.left_text, label.right_text), []).append(label.label)
    return {pair: chosen for pair, values in said.items() if (chosen := majority(values)) is not None}


def write_lines(labels: Iterable[Label], file: Path) -> int:
    """Write labels as JSON lines; gives their number. The file is whole or not there."""
    lines = [json.dumps(asdict(label) | {"labelled_at": label.labelled_at.isoformat()}, ensure_ascii=False)
             for label in labels]  # fmt: skip
    partial = file.with_name(f"{file.name}.new")
    partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    partial.replace(file)
    return len(lines)


def read_lines(file: Path) -> list[Label]:
    """The labels of a file that `write_lines` wrote, or one like it.

    Raises:
        LabelError: naming every line that is no label; nothing of the file is then used.
    """
    found, wrong = [], []
    for number, line in enumerate(file.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(_label(json.loads(line.decode("utf-8-sig"))))
        except (ValueError, TypeError) as error:
            wrong.append(f"{file}:{number}: {error}")
    if wrong:
        more = [f"... and {len(wrong) - MOST_ERRORS} more"] if len(wrong) > MOST_ERRORS else []
        raise LabelError("\n".join([*wrong[:MOST_ERRORS], *more, "nothing was imported: correct the file"]))
    return found


def _label(row: Any) -> Label:
    if not isinstance(row, dict):
        raise TypeError("is no JSON object")
    texts = {name: row.get(name) for name in ("left_text", "right_text", "author", "label", "labelled_at")}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name} is missing, empty or no text")
    if row["label"] not in LABELS:
        raise ValueError(f"label {row['label'][:40]!r} is none of {', '.join(LABELS)}")
    if len(row["author"]) > LONGEST_NAME:
        raise ValueError(f"author has more than {LONGEST_NAME} characters")
    try:
        at = datetime.fromisoformat(row["labelled_at"])
    except ValueError:
        raise ValueError(f"labelled_at {row['labelled_at'][:40]!r} is no ISO time") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    places = {name: row.get(name) for name in ("pattern_id", "left_place", "right_place")}
    if bad := [name for name, value in places.items() if value is not None and not isinstance(value, str)]:
        raise TypeError(f"{', '.join(bad)} is no text")
    picked = row.get("picked") if row.get("picked") in ("uncertain", "random") else "imported"
    return Label(row["left_text"], row["right_text"], row["label"], row["author"], at.astimezone(UTC),
                 str(picked), **places)  # fmt: skip


def _rows(labels: Sequence[Label]) -> Any:
    import pyarrow as pa

    schema = table(KEY).arrow_schema
    rows = [asdict(label) | {"pair_id": label.pair_id} for label in labels]
    return pa.table({field.name: pa.array([row[field.name] for row in rows], field.type) for field in schema})
