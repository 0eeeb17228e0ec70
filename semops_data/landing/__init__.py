"""The room landing."""
