"""A little git repository with a history of fixed dates, built for each test that asks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MONDAY = 1_767_600_000  # 2026-01-05T08:00:00Z
DAY = 86_400


class Repository:
    """A work tree whose commits are one day apart."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits = 0
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, at: int = MONDAY) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "C",
            "GIT_COMMITTER_EMAIL": "c@example.com",
            "GIT_AUTHOR_DATE": f"{at} +0000",
            "GIT_COMMITTER_DATE": f"{at} +0000",
        }
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], env=environment, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, *, at: int | None = None, **files: str) -> str:
        for path, text in files.items():
            self.write(path, text)
        at = MONDAY + self.commits * DAY if at is None else at
        self.commits += 1
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"commit {self.commits}", "--allow-empty", at=at)
        return self.git("rev-parse", "HEAD")


def with_history(root: Path) -> tuple[Repository, list[str]]:
    """Four days: written, edited, renamed (with an edit) beside a new file, one removed."""
    repo = Repository(root)
    body = "\n".join(f"Line {n} of the explanation stays as it is." for n in range(20))
    commits = [repo.commit(**{"docs/drift.md": f"# Drift\n\nDrift is any change.\n\n{body}\n", "notes.log": "no"})]
    commits.append(repo.commit(**{"docs/drift.md": f"# Drift\n\nDrift is a change of meaning.\n\n{body}\n"}))
    repo.git("mv", "docs/drift.md", "docs/semantic-drift.md")
    text = f"# Drift\n\nDrift is a change of meaning that nobody decided.\n\n{body}\n"
    commits.append(repo.commit(**{"docs/semantic-drift.md": text, "docs/old.md": "# Old\n\nOld things.\n"}))
    repo.git("rm", "-q", "docs/old.md")
    commits.append(repo.commit())
    return repo, commits
