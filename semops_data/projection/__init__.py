"""Scale projection: what each asset would cost at a hundred times the size, and where that breaks.

Belongs here: measuring assets in processes of their own, fitting `a + b*s^alpha`, classing the gaps.
Does not belong here: benchmarks of single functions, or any figure that was not measured on this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semops_data.projection.project import Projection

__all__ = ["Projection", "run"]


def __getattr__(name: str) -> Any:
    """`run` and `Projection`, imported when they are used: every step imports this room."""
    if name not in __all__:
        raise AttributeError(name)
    from semops_data.projection import project

    return getattr(project, name)
