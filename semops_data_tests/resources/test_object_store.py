"""The landing store comes from the settings, its secrets only when it is made."""

import dagster as dg

from semops_data.landing.store import ObjectStore, landing_store, store_options
from semops_data.resources.object_store import ObjectStoreResource
from semops_data_tests.scenario import small_settings


def test_a_folder_below_the_home_is_the_default(tmp_path):
    """Without an account there is still a place to land."""
    settings = small_settings(tmp_path)
    made = ObjectStoreResource.from_settings(settings).create_resource(dg.build_init_resource_context())
    assert made == landing_store(settings) == ObjectStore(str(tmp_path / "home" / "s3"))


def test_run_config_and_representations_hold_no_secret(tmp_path):
    """Run config is stored and shown; the settings are not."""
    settings = small_settings(tmp_path, landing_uri="s3://bucket/landed", s3_access_key_id="key",
                              s3_secret_access_key="hush", s3_endpoint_url="http://127.0.0.1:9000")  # noqa: S106  # fmt: skip
    assert store_options(settings)["AWS_SECRET_ACCESS_KEY"] == "hush"  # noqa: S105
    assert "hush" not in repr(ObjectStoreResource.from_settings(settings))
    assert "hush" not in repr(landing_store(settings))
