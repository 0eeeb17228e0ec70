"""openlineage-python's models of the facets, and what they say as plain JSON values.

The models know each facet's schema and version; they are imported when the first one is made.
"""

from __future__ import annotations

from typing import Any

Facets = dict[str, Any]


class _Models:
    """The facet modules by name, imported at the first use."""

    def __getattr__(self, name: str) -> Any:
        from openlineage.client import facet_v2

        found = getattr(facet_v2, name)
        setattr(self, name, found)
        return found


ol = _Models()


def facet(model: Any, **values: Any) -> dict[str, Any]:
    """A facet of that model, straight as JSON values and without what is None; for those of every event."""
    from openlineage.client.generated.base import PRODUCER

    said = {"_producer": PRODUCER, "_schemaURL": model._get_schema()}  # noqa: SLF001 - as the model does
    return said | {name: value for name, value in values.items() if value is not None}


def plain(model: Any) -> dict[str, Any]:
    """A model as JSON values, without what is not set."""
    from openlineage.client.serde import Serde

    return dict(Serde.to_dict(model))


def plain_all(models: Facets) -> Facets:
    """Facets as JSON values, by name."""
    return {name: plain(model) for name, model in models.items()}
