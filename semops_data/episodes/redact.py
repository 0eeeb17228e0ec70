"""Taking obvious secrets out of what is recorded: error messages, metadata, names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "***"
SHORTEST_SECRET = 6
_NAMES = (
    r"(?:[a-z0-9]+[_-])*(?:password|passwd|pwd|passphrase|secret|token|credentials?|authorization|"
    r"signature|(?:api|access|secret|private|account|subscription)[_-]?key)"
)
_SECRET_NAME = re.compile(rf"^{_NAMES}$", re.IGNORECASE)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
    (re.compile(r"(?<=://)[^/\s@'\"]*(?:@[^/\s@'\"]*)*@"), f"{HIDDEN}@"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(?:A(?:KIA|SIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|xox[a-z]-[\w-]{10,}|sk-[\w-]{16,})"), HIDDEN),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"), HIDDEN),
    (
        re.compile(rf"\b({_NAMES})(['\"]?\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s,;&'\"}})\]]+)", re.IGNORECASE),
        rf"\1\2{HIDDEN}",
    ),
)


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without private keys, passwords in URLs, bearer tokens, `name=secret` pairs and the given secrets.

    Args:
        text: any text.
        secrets: values that are known to be secret; ones shorter than `SHORTEST_SECRET` characters are left alone.
    """
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def redact(value: Any, secrets: Iterable[str] = ()) -> Any:
    """A copy of a JSON-like value with every text redacted, and texts under a secret's name hidden whole."""
    secrets = tuple(secrets)
    if isinstance(value, str):
        return redact_text(value, secrets)
    if isinstance(value, dict):
        return {
            key: HIDDEN if isinstance(item, str) and _SECRET_NAME.match(str(key)) else redact(item, secrets)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(item, secrets) for item in value]
    return value
