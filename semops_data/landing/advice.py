"""What to do about a storage error: the words that landing and lake share."""

from __future__ import annotations


def first_line(error: Exception) -> str:
    """The first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def advice(text: str, place: str) -> str:
    """What to do, by the error's text and the place where it happened.

    Args:
        text: of the error.
        place: a path, or an `s3://` address.
    """
    if "No space left" in text or "File too large" in text or "quota" in text.lower():
        return "nothing was changed: free some space there or set SEMOPS_HOME to another disk, then materialize again"
    if "failed validation" in text or "Invariant" in text:
        return "nothing was changed: the rows break the table's contract"
    if "://" in place:
        return "check the bucket, SEMOPS_S3_ENDPOINT_URL and the credentials, then materialize again"
    return "check that the folder is writable and undamaged, or set SEMOPS_HOME to another, then materialize again"
