"""`dst label`: pairs of texts on the terminal, one key each; every answer is kept before the next question."""

from __future__ import annotations

import getpass
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option, visible
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from semops_data.coherence.labelling import Question
    from semops_data.lakehouse.lake import Lake

KEYS = {"c": "contradicts", "a": "agrees", "u": "cannot_tell", "?": "cannot_tell"}
SKIP, QUIT = "s", "q"
HELP = "[c]ontradicts  [a]grees  [u] cannot tell  [s]kip  [q]uit"
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("label")
@click.option("--author", help="Who says it; your login by default.")
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="Questions in this sitting.")
@click.option("--export", "export_to", type=FILE, help="Write all labels to this file as JSON lines, and ask nothing.")
@click.option("--import", "import_from", type=FILE, help="Read labels from such a file, and ask nothing.")
@json_option
def command(author: str | None, most: int, export_to: Path | None, import_from: Path | None, *, as_json: bool) -> None:
    """Say of pairs of texts whether they contradict each other: what thresholds and experiments learn from.

    The most uncertain pairs come first, and every fifth one is random. What the platform thinks of a pair is shown
    after your answer, not before.
    """
    from semops_data.cli.summary import lake_of
    from semops_data.coherence import labels

    out, lake = Output(as_json), lake_of(load_settings())
    if import_from is not None:
        count = labels.keep(lake, labels.read_lines(import_from))
        out.text(f"{count} labels are new or later than those that were held")
        out.result({"kept": count})
        return
    if export_to is not None:
        count = labels.write_lines(labels.read(lake), export_to)
        out.text(f"{export_to}: {count} labels")
        out.result({"file": export_to, "labels": count})
        return
    name = (author or getpass.getuser()).strip()
    given = sitting(lake, name, most, out.progress, keys())
    out.text(f"{sum(given.values())} labels by {name}: " + (", ".join(f"{n} {k}" for k, n in given.items()) or "none"))
    if given:
        out.text("`dst run` fits the thresholds to them; `dst experiments run` compares methods on them")
    out.result({"author": name, "labels": dict(given)})


def sitting(lake: Lake, author: str, most: int, say: Callable[[str], None], key: Callable[[], str]) -> Counter[str]:
    """Ask about pairs until there are none, `most` are done, or the person quits; gives labels by their number."""
    from semops_data.coherence import labels
    from semops_data.coherence.labelling import queue

    done = {(label.left_text, label.right_text) for label in labels.read(lake) if label.author == author}
    asked = queue(lake, done=done, seed=author)
    given: Counter[str] = Counter()
    say(f"{len(asked):,} pairs without a label of yours; {HELP}")
    for number, question in enumerate(asked[:most], 1):
        say(f"\n{number}/{min(most, len(asked))}  {question.pattern_id}\n")
        say(_shown(question))
        pressed = _pressed(say, key)
        if pressed == QUIT:
            break
        if pressed == SKIP:
            continue
        said = labels.Label(
            question.left_text, question.right_text, KEYS[pressed], author, datetime.now(UTC), question.picked,
            question.pattern_id, question.left_place or None, question.right_place or None,
        )  # fmt: skip
        labels.keep(lake, [said])
        given[said.label] += 1
        say(f"    kept: {said.label.replace('_', ' ')}. {question.told}")
    return given


def keys() -> Callable[[], str]:
    """What gives the next key: a key press on a terminal, else a line of the input, whose end is `q`."""
    if sys.stdin.isatty():
        return click.getchar
    return lambda: (sys.stdin.readline() or QUIT).strip()[:1]


def _pressed(say: Callable[[str], None], key: Callable[[], str]) -> str:
    while True:
        pressed = key().casefold()
        if pressed in ("\x03", "\x04", "\x1b"):
            return QUIT
        if pressed in KEYS or pressed in (SKIP, QUIT):
            return pressed
        say(HELP)


def _shown(question: Question) -> str:
    sides = ((question.left_text, question.left_place or "registry"), (question.right_text, question.right_place))
    return "\n\n".join(visible(f"    {text}\n      ({place})") for text, place in sides)
