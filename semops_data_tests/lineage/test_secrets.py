from __future__ import annotations

import pytest

from semops_data.lineage.secrets import MASK, allowed_tags, scrub, secrets_of
from semops_data.settings import Settings


@pytest.mark.parametrize(
    "text",
    [
        "postgres://me:hunter22@host/db",
        "password=hunter22",
        "PASSWORD: 'hunter22'",
        "aws_secret_access_key = hunter22;",
        "api-key=hunter22&x=1",
        "Authorization: Bearer hunter22",
        '{"token": "hunter22"}',
    ],
)
def test_what_looks_like_a_credential_is_masked(text):
    assert "hunter22" not in scrub(text)
    assert MASK in scrub(text)


@pytest.mark.parametrize("text", ["KeyError: 'orders'", "token_usage grew", "12 tokens: fine", "s3://bucket/key", ""])
def test_what_helps_a_reader_stays(text):
    assert scrub(text).startswith(text[:8])


def test_every_secret_of_the_settings_is_known(tmp_path):
    known = {"snowflake_password": "open-sesame", "alert_webhook": "https://hooks/abc"}
    settings = Settings(home=tmp_path, **known)
    assert set(secrets_of(settings)) == {"open-sesame", "https://hooks/abc"}
    assert scrub("tried open-sesame at https://hooks/abc", secrets_of(settings)) == f"tried {MASK} at {MASK}"


def test_a_tag_that_is_not_listed_stays():
    assert allowed_tags({"dagster/partition": "2026", "my/token": "x", ".dagster/repository": "y"}) == {
        "dagster/partition": "2026"
    }
