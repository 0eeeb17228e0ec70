"""Small pictures as SVG in Markdown: drawn in microseconds, and letters stay letters at any size."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_PICTURE_BYTES = 40_000
FONT = 'font-family="sans-serif"'


def label(x: float, y: float, text: str, *, size: int = 9, color: str = "#333333") -> str:
    """A line of text whose beginning lies at the point; whatever it holds, it is no markup."""
    # A control character is no XML, escaped or not.
    shown = "".join(character if character.isprintable() else " " for character in text)
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}">{escape(shown)}</text>'


def bar(x: float, top: float, width: float, bottom: float, *, color: str = "#4c72b0") -> str:
    """A filled rectangle between two heights, which are counted downwards."""
    return f'<path d="M{x:.1f} {top:.1f}H{x + width:.1f}V{bottom:.1f}H{x:.1f}Z" fill="{color}"/>'


def line(points: Sequence[tuple[float, float]], *, color: str, dashes: str = "") -> str:
    """A line through points, with a dot at each where it is not dashed."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    style = f' stroke-dasharray="{dashes}"' if dashes else ""
    dots = "" if dashes else "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{color}"/>' for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}"{style}/>{dots}'


def triangle(x: float, y: float, *, color: str) -> str:
    """A mark whose point lies at the place."""
    return f'<path d="M{x:.1f} {y:.1f}l-4 -7h8Z" fill="{color}"/>'


def image(title: str, width: int, height: int, parts: Iterable[str]) -> str | None:
    """The parts as a Markdown image.

    Args:
        title: what a reader without pictures reads; no brackets.
        width: pixels.
        height: pixels.
        parts: SVG elements.

    Returns:
        None where it would be larger than 40 kB.
    """
    body = "".join(parts)
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {FONT}>{body}</svg>'
    if len(text.encode()) > MAX_PICTURE_BYTES * 3 // 4:
        return None
    return f"![{title}](data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()})"
