"""Which files are documents, and who reads them: `read` is the one way from a text to its blocks."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from semops_data.corpus.markdown import Markdown, parse

if TYPE_CHECKING:
    from collections.abc import Callable

# Files that a conversion service turns into Markdown: their text is its answer.
CONVERTED = frozenset({".pdf", ".docx", ".pptx", ".xlsx", ".odt"})
_BY_MODULE = {
    ".rst": ("prose", "read_rst"),
    ".txt": ("prose", "read_text"),
    ".text": ("prose", "read_text"),
    ".html": ("web", "read_html"),
    ".htm": ("web", "read_html"),
    ".xhtml": ("web", "read_html"),
    ".ipynb": ("notebook", "read_notebook"),
    ".py": ("python", "read_python"),
    ".sql": ("sql", "read_sql"),
    ".yaml": ("data", "read_yaml"),
    ".yml": ("data", "read_yaml"),
    ".json": ("data", "read_yaml"),
    ".csv": ("data", "read_csv"),
    ".tsv": ("data", "read_csv"),
}
MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
# JSON is data nearly always: only what is named as a description of an interface is taken by itself.
_NAMED_JSON = ("**/openapi*.json", "**/swagger*.json")
DEFAULT_INCLUDE = (
    *(f"**/*{suffix}" for suffix in (*sorted(MARKDOWN | CONVERTED), *_BY_MODULE) if suffix != ".json"),
    *_NAMED_JSON,
)
# Formats that hold code or data as often as words: one without words is no document, which is no fault.
_MAY_BE_DATA = frozenset({".yaml", ".yml", ".json", ".csv", ".tsv", ".py", ".sql"})
_NO_PROSE = re.compile(
    r"(?:^|/)(?:(?:.*[-_])?requirements[^/]*|constraints[^/]*|CMakeLists|robots|top_level|entry_points|SOURCES|"
    r"dependency_links|objects)\.txt$",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,30})", re.IGNORECASE)
_CODING = re.compile(rb"^#.*?coding[:=]\s*([-\w.]{2,30})")


def suffix_of(document_id: str) -> str:
    """The ending of a file's name, in lower case; Sphinx keeps its sources as `.rst.txt`."""
    path = PurePosixPath(document_id)
    return ".rst" if path.name.lower().endswith(".rst.txt") else path.suffix.lower()


@lru_cache(maxsize=1024)
def read(document_id: str, content: str) -> Markdown:
    """The blocks of a document, by the ending of its name; an ending that nobody knows is Markdown, as is no ending.

    What a reader cannot understand is told in the result's `problem`; no content makes this raise.
    """
    found = _BY_MODULE.get(suffix_of(document_id))
    return parse(content) if found is None else _reader(*found)(content)


def _reader(module: str, name: str) -> Callable[[str], Markdown]:
    from importlib import import_module

    reader: Callable[[str], Markdown] = getattr(import_module(f"semops_data.corpus.readers.{module}"), name)
    return reader


def is_data(document_id: str, content: str) -> bool:
    """Whether a file of a format that may hold words holds none: a configuration, a table of figures, a list."""
    if _NO_PROSE.search(document_id):
        return True
    if suffix_of(document_id) not in _MAY_BE_DATA or not content.strip():
        return False
    document = read(document_id, content)
    return document.problem is None and not any(block.kind not in {"code", "front_matter"} for block in document.blocks)


def encoding(document_id: str, raw: bytes) -> str:
    """The encoding that a page or a Python file states for itself; UTF-8 for everything else."""
    suffix = suffix_of(document_id)
    match = None
    if suffix in {".html", ".htm", ".xhtml"}:
        match = _CHARSET.search(raw[:4_096])
    elif suffix == ".py":
        match = next(filter(None, map(_CODING.match, raw[:400].split(b"\n")[:2])), None)
    name = match[1].decode("ascii", "replace") if match else "utf-8"
    try:
        known = codecs.lookup(name)
    except LookupError:
        return "utf-8"
    # Codecs that are no encoding of text (zip, hex) would give bytes, or more of them than there is memory.
    is_text = getattr(known, "_is_text_encoding", False)
    return "utf-8-sig" if not is_text or known.name in {"utf-8", "ascii"} else known.name
