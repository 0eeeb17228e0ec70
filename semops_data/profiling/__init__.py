"""The room profiling."""
