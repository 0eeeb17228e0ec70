"""The room synthesis."""
