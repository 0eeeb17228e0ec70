"""The web page, seen by a real browser."""
