"""From an exception to one or two lines and an exit code."""

from __future__ import annotations

import difflib
import errno
import os
import tomllib
from collections.abc import Iterable

import click
import pydantic

FAILED, WRONG, INTERRUPTED = 1, 2, 130
# Errors of the rooms that say: what you pointed me at cannot be used. By name, as importing the rooms costs seconds.
CONFIGURATION = {
    "CorpusError", "FileNotFoundError", "FitError", "IsADirectoryError", "MissingExtraError", "ModelNotFoundError",
    "LabelError", "ModelChangedError", "NotADirectoryError", "RegistryError", "UnknownPatternError",
    "UnknownPlaceError", "UnreadableError", "UntrustedModelError",
}  # fmt: skip
MOST_LINES = 20


class WorkFailedError(click.ClickException):
    """The work failed, and what happened has been printed or is the message."""

    exit_code = FAILED


class ConfigurationError(click.ClickException):
    """A setting, a path or an argument cannot be used."""

    exit_code = WRONG


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that look most like `name`; empty where none does."""
    return difflib.get_close_matches(name, list(known), n=count, cutoff=0.5)


def explain(error: BaseException) -> tuple[int, str]:
    """Exit code and message of any exception that reached the command line.

    The message says what was wrong and where; the exception's own text says what to do.
    """
    if isinstance(error, click.ClickException):
        return error.exit_code, error.format_message()
    if isinstance(error, pydantic.ValidationError) and error.title == "Settings":
        return WRONG, "\n".join(_setting(problem) for problem in error.errors())
    if isinstance(error, tomllib.TOMLDecodeError):
        return WRONG, f"semops.toml is not valid TOML: {error}"
    if hint := _no_room(error):
        return FAILED, hint
    code = WRONG if type(error).__name__ in CONFIGURATION else FAILED
    if isinstance(error, OSError) and error.filename:
        return code, f"{error.filename}: {error.strerror}"
    lines = (str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)).strip().splitlines()
    shown = lines[: MOST_LINES if code == WRONG else 2]
    more = [f"... and {len(lines) - len(shown)} more"] if code == WRONG and len(lines) > len(shown) else []
    return code, "\n".join([*shown, *more]) or type(error).__name__


def _no_room(error: BaseException) -> str | None:
    """What to do about a disk that is full or read-only, which every store says in words of its own."""
    home = os.environ.get("SEMOPS_HOME", "the home")
    said = f"{type(error).__name__}: {error}".casefold()
    is_full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or "disk is full" in said
    if is_full or "no space left on device" in said:
        return f"no room is left on the disk of {home}: free some and run again; what was finished is kept"
    if getattr(error, "errno", None) == errno.EROFS or "readonly database" in said:
        return f"{home} cannot be written: make it writable, or set SEMOPS_HOME to another folder"
    return None


def _setting(problem: object) -> str:
    assert isinstance(problem, dict)  # noqa: S101
    name = "SEMOPS_" + "_".join(str(part) for part in problem["loc"]).upper()
    # The value of a secret is never repeated.
    hidden = any(word in name for word in ("PASSWORD", "KEY", "TOKEN", "WEBHOOK", "JUDGES", "EMBEDDING_URL"))
    shown = "" if hidden else f"={problem['input']!r}"
    return f"{name}{shown}: {problem['msg']} (set in the environment or in semops.toml)"
