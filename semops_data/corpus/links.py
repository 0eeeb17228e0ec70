"""Where a Markdown link leads: the document and the heading, seen from the document that it stands in."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

LINK = re.compile(r"(?<!\\)\[[^\[\]]*\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s]*)*)>?(?:\s+[\"'(][^)]*)?\)")
_ADDRESS = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:|//)")


def is_address(target: str) -> bool:
    """Whether a link's target is an address of its own (`https:`, `mailto:`), not a path."""
    return _ADDRESS.match(target) is not None


def leads_to(document_id: str, target: str) -> tuple[str, str]:
    """Document and anchor (empty without one) that a link's target means.

    Args:
        document_id: path of the document with the link, below the corpus root.
        target: the link's target, a path; from the corpus root where it begins with a slash.

    Returns:
        The path below the corpus root; it begins with `../` where the target lies outside.
    """
    path, _, anchor = unquote(target).partition("#")
    path = path.split("?", 1)[0]
    if path.startswith("/"):
        return posixpath.normpath(path.lstrip("/")), anchor
    folder = posixpath.dirname(document_id)
    return (posixpath.normpath(posixpath.join(folder, path)) if path else document_id), anchor
