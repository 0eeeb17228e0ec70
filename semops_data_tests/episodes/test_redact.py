"""Telemetry is read by many: no secret belongs in it."""

import pytest

from semops_data.episodes.redact import redact, redact_text

SECRETS = [
    "postgresql://semops:hunter2@db:5432/x",
    "https://hunter2@github.com/a/b.git",
    "https://user:p@hunter2@host/x",
    "password=hunter2 rest",
    "{'api_key': 'hunter2'}",
    "SEMOPS_SNOWFLAKE_TOKEN=hunter2",
    "Authorization: Bearer hunter2hunter2",
    "https://host/x?sig=1&access_token=hunter2&y=1",
    "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2 cut off",
    '{"client_secret": "hunter2 with blanks"}',
]


@pytest.mark.parametrize("text", SECRETS)
def test_an_obvious_secret_is_removed(text):
    """Each is a form in which libraries put secrets into their errors."""
    assert "hunter2" not in redact_text(text)


@pytest.mark.parametrize(
    "text",
    ["day=2026-01-01 rows 12", "https://docs.dagster.io/x?a=1", "total_tokens: 12", "mail a@b.example", "a sketch"],
)
def test_what_is_no_secret_stays(text):
    """An error message that is all stars helps nobody."""
    assert redact_text(text) == text


def test_known_secrets_and_secret_fields_are_removed_at_any_depth():
    """Metadata nests."""
    given = {"a": [{"token": "abc", "note": "it was s3cr3t-value", "prompt_tokens": 5}], "secret_count": 2}
    assert redact(given, ["s3cr3t-value"]) == {
        "a": [{"token": "***", "note": "it was ***", "prompt_tokens": 5}],
        "secret_count": 2,
    }
