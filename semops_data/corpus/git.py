"""Git, asked through its command line: history and blobs in one process each.

A repository is untrusted input: no hooks, no configuration of user or system, no filters, no network, no prompt,
nothing written to it, and every call has a time limit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

TIMEOUT_SECONDS = 120
REGULAR_FILE = "100"
_SAFE = (
    "--no-optional-locks", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "safe.directory=*",
    "-c", "core.quotePath=false", "-c", "log.showRoot=true", "-c", "log.showSignature=false", "-c", "log.mailmap=false",
    "-c", "diff.renameLimit=2000", "-c", "transfer.fsckObjects=true", "-c", "protocol.allow=never",
    "-c", "protocol.file.allow=always",
)  # fmt: skip


class GitError(RuntimeError):
    """Git refused or could not do what was asked; the message holds its last line."""


@dataclass(frozen=True)
class Change:
    """What one commit did to one file.

    Attributes:
        status: A, M, T, D or R (with the path it had in `old_path`).
        mode: mode after the commit, `100644`; `000000` where it was removed.
        blob: object id of the content after the commit.
        path: path after the commit, from the repository's root.
        old_path: path before a rename.
    """

    status: str
    mode: str
    blob: str
    path: str
    old_path: str | None = None


@dataclass(frozen=True)
class CommitChanges:
    """One commit of the mainline with its changes, at an instant that no earlier commit shares."""

    commit: str
    at: datetime
    changes: tuple[Change, ...]


def is_available() -> bool:
    """Whether there is a git to ask."""
    return shutil.which("git") is not None


def run(root: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """What git prints for the arguments.

    Raises:
        GitError: where it fails or takes too long.
    """
    keep = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    environment = keep | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
        "HOME": os.devnull,
    }
    command = ["git", *_SAFE, "-C", str(root), *arguments]
    try:
        done = subprocess.run(  # noqa: S603  # arguments are ours; paths follow a `--` or come by stdin
            command, input=stdin, capture_output=True, env=environment, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took more than {TIMEOUT_SECONDS} s in {root}") from None
    except FileNotFoundError:
        raise GitError("git is not installed: install it, or give a folder of documents without history") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise GitError(f"git {arguments[0]} in {root}: {lines[-1]}")
    return done.stdout


def toplevel(path: Path) -> Path | None:
    """The work tree that holds a path; None outside one, in a bare repository, or without git."""
    from pathlib import Path as Folder

    try:
        return Folder(os.fsdecode(run(path, "rev-parse", "--show-toplevel")).rstrip("\n"))
    except GitError:
        return None


def is_git_directory(path: Path) -> bool:
    """Whether a folder is itself a repository without a work tree: a bare one, or the `.git` of another."""
    try:
        return run(path, "rev-parse", "--git-dir").strip() == b"."
    except GitError:
        return False


def is_shallow(root: Path) -> bool:
    """Whether older commits were left out when the repository was cloned."""
    return run(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


def revision(root: Path) -> str | None:
    """Id of the commit to read: HEAD, or where that names nothing main, master or the only branch; else None."""
    names = ["HEAD", "refs/heads/main", "refs/heads/master"]
    names += run(root, "for-each-ref", "--format=%(refname)", "refs/heads").decode(errors="replace").split()
    for name in names:
        try:
            return (
                run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").decode().strip()
            )
        except GitError:
            continue
    return None


def last_change(root: Path, commit: str, pathspecs: Sequence[str]) -> str:
    """Id of the newest mainline commit that touched the paths; empty where none did."""
    return run(root, "log", "-1", "--first-parent", "--format=%H", commit, "--", *pathspecs).decode().strip()


def history(root: Path, commit: str, pathspecs: Sequence[str]) -> list[CommitChanges]:
    """What each commit of the mainline did to the paths, oldest first, renames recognised.

    Args:
        root: the repository.
        commit: the newest commit to read.
        pathspecs: git pathspecs; `:(top,glob)docs/**/*.md`.

    Returns:
        Commits in the order of the history; their instants (commit time, UTC) strictly increase: where clocks
        went backwards or a rebase stamped many commits at once, a commit is one microsecond after its parent.
    """
    raw = run(
        root, "log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--raw", "--no-abbrev", "-M", "-z",
        "--no-color", "--no-ext-diff", "--format=%x02%H %ct", commit, "--", *pathspecs,
    )  # fmt: skip
    found: list[CommitChanges] = []
    for record in raw.split(b"\x02")[1:]:
        tokens = [token for token in record.split(b"\0") if token]
        name, stamp = tokens[0].split()
        at = datetime.fromtimestamp(max(0, int(stamp)), tz=UTC)
        if found:
            at = max(at, found[-1].at + timedelta(microseconds=1))
        found.append(CommitChanges(name.decode(), at, tuple(_changes(iter(tokens[1:])))))
    return found


def _changes(tokens: Iterator[bytes]) -> Iterator[Change]:
    for token in tokens:
        _, mode, _, blob, status = token.decode().lstrip("\n").lstrip(":").split()
        path = os.fsdecode(next(tokens))
        old = None
        if status[0] in "RC":
            old, path = path, os.fsdecode(next(tokens))
        yield Change(status[0], mode, blob, path, old if status[0] == "R" else None)


def sizes(root: Path, blobs: Iterable[str]) -> dict[str, int]:
    """Size in bytes of each object; one that is not there is left out."""
    wanted = sorted(set(blobs))
    answer = run(root, "cat-file", "--batch-check", stdin="".join(f"{blob}\n" for blob in wanted).encode())
    fields = (line.split() for line in answer.decode().splitlines())
    return {parts[0]: int(parts[2]) for parts in fields if len(parts) == len(("id", "type", "size"))}


def contents(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """Content of each object; one that is not there is left out."""
    wanted = sorted(set(blobs))
    answer = run(root, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode())
    found: dict[str, bytes] = {}
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        head = answer[at:end].split()
        at = end + 1
        if len(head) == len(("id", "type", "size")):
            size = int(head[2])
            found[head[0].decode()] = answer[at : at + size]
            at += size + 1
    return found


def listed(root: Path, pathspecs: Sequence[str]) -> list[str]:
    """Paths of the work tree that are tracked, or neither tracked nor ignored."""
    raw = run(root, "ls-files", "--cached", "--others", "--exclude-standard", "--full-name", "-z", "--", *pathspecs)
    return sorted({os.fsdecode(path) for path in raw.split(b"\0") if path})
