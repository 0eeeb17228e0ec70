"""The room coherence."""
