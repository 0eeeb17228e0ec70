"""The room episodes."""
