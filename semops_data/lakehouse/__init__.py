"""The room lakehouse."""
