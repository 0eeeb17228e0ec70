"""The room projection."""
