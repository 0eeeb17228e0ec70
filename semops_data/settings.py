"""Every environment variable, typed, with its embedded default.

Belongs here: names, types, defaults, and where each system's data lies below the platform's home.
Does not belong here: clients (`resources/` builds them) and anything that reads a file of the user's.
"""

from datetime import date
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

REPOSITORY = Path(__file__).resolve().parent.parent


class JudgeEndpoint(BaseModel):
    """A language model that judges pairs of sentences, behind an endpoint that speaks OpenAI's chat completions.

    Attributes:
        url: base of the endpoint, `http://127.0.0.1:11434/v1`; `/chat/completions` is asked below it.
        model: the model's name there.
        api_key: key of the endpoint; `SEMOPS_JUDGE_API_KEY` where it has none of its own.
        input_price: money for a million tokens that are sent; unknown where not given.
        output_price: money for a million tokens that come back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str
    model: str = Field(min_length=1)
    api_key: SecretStr | None = None
    input_price: float | None = Field(None, ge=0)
    output_price: float | None = Field(None, ge=0)

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return plain_address(url)


def plain_address(url: str) -> str:
    """The address of an endpoint, without a slash at its end.

    Raises:
        ValueError: where it is no http address, or holds a login: keys have settings of their own.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no http:// or https:// address")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("holds a login or a query: give keys in their own setting")
    return url.rstrip("/")


class Settings(BaseSettings):
    """The configuration of one platform home.

    Read from arguments, then from `SEMOPS_*` in the environment, then from `semops.toml` in the current folder.
    Secrets are `SecretStr`: they print as stars and never enter metadata, events or logs.
    """

    model_config = SettingsConfigDict(
        env_prefix="SEMOPS_", toml_file="semops.toml", extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(REPOSITORY / ".semops", description="Folder of everything the embedded defaults write.")
    executor: Literal["in_process", "multiprocess"] = Field(
        "in_process", description="How the page, the daemon and `dagster` execute steps; `dst run` is in process."
    )

    start_date: date = Field(date(2026, 1, 1), description="First day of the business calendar.")
    days: int = Field(3, ge=1, le=366, description="Days that `dst run` materializes, from the first.")
    orders_per_day: int = Field(3_400, ge=1, le=10_000_000, description="Mean number of orders a day.")
    seed: int = Field(7, ge=0, description="Seed of every random draw; same seed, same bytes.")
    defect_rate: float = Field(0.01, ge=0, le=0.5, description="Share of landed rows with a planted defect.")
    scenario: str | None = Field(None, description="Faults of whole days, NAME=DAY with days from 0, such as drift=3.")
    new_columns: Literal["add", "quarantine", "refuse"] = Field(
        "quarantine", description="What becomes of a landed column that no contract knows."
    )

    landing_uri: str | None = Field(None, description="s3://bucket/prefix of the raw objects; a folder by default.")
    lake_uri: str | None = Field(None, description="s3://bucket/prefix of the Delta tables; a folder by default.")
    s3_endpoint_url: str | None = Field(None, description="Endpoint of an S3-compatible service.")
    s3_region: str = Field("us-east-1", description="Region of the buckets.")
    s3_access_key_id: SecretStr | None = Field(None, description="Access key; the instance's role by default.")
    s3_secret_access_key: SecretStr | None = Field(None, description="Secret key that belongs to the access key.")
    s3_allow_http: bool = Field(False, description="Allow an endpoint without TLS, for a local object store.")

    snowflake_account: str | None = Field(None, description="ORG-ACCOUNT; by default the embedded emulator.")
    snowflake_user: str = Field("semops", description="User of the warehouse.")
    snowflake_password: SecretStr | None = Field(None, description="Password, where neither key nor token is used.")
    snowflake_private_key_path: Path | None = Field(None, description="PKCS#8 key file for key-pair login.")
    snowflake_private_key_passphrase: SecretStr | None = Field(None, description="Passphrase of the key file.")
    snowflake_token: SecretStr | None = Field(None, description="Programmatic access or OAuth token.")
    snowflake_token_kind: Literal["programmatic_access_token", "oauth"] = Field(
        "programmatic_access_token", description="What kind of token it is."
    )
    snowflake_role: str | None = Field(None, description="Role of the session.")
    snowflake_warehouse: str | None = Field(None, description="Virtual warehouse of the session.")
    snowflake_database: str = Field("SEMOPS", description="Database of the marts.")
    snowflake_timeout_seconds: int = Field(20, ge=1, description="Login and network timeout.")
    snowflake_emulator_port: int | None = Field(None, description="Fixed port of the emulator; a free one by default.")

    corpus: str | None = Field(None, description="Folder, git repository or git bundle; this repository by default.")
    corpus_include: str | None = Field(
        None, description="Comma-separated globs of the files that are documents; every kind that is read by default."
    )
    docling_url: str | None = Field(
        None, description="Docling service for PDF and office files; else they stay unread."
    )
    docling_api_key: SecretStr | None = Field(None, description="API key of the Docling service.")
    docling_timeout_seconds: int = Field(60, ge=1, description="Time that one conversion may take.")
    registry: Path | None = Field(None, description="Registry file; this project's own by default.")
    embedding_model: str | None = Field(
        None,
        description="Folder of a sentence-transformers model, or the name of a model at the embedding endpoint; the "
        "MiniLM that ships as a package by default.",
    )
    embedding_url: str | None = Field(None, description="Endpoint that embeds; the model runs here by default.")
    embedding_api: Literal["openai", "ollama"] = Field(
        "openai", description="What the embedding endpoint speaks: `/embeddings` of OpenAI or `/api/embed` of Ollama."
    )
    embedding_api_key: SecretStr | None = Field(None, description="API key of the embedding endpoint.")
    embedding_revision: str | None = Field(
        None, description="Any text that tells two states of one model apart; another one embeds everything again."
    )
    embedding_query_prefix: str | None = Field(
        None, description="Words before each query, for models that want some; by the model's name by default."
    )
    embedding_document_prefix: str | None = Field(
        None, description="Words before each passage, for models that want some; by the model's name by default."
    )
    embedding_batch: int = Field(64, ge=1, le=2_048, description="Most texts in one batch of embeddings.")
    embedding_timeout_seconds: int = Field(30, ge=1, description="Timeout of one request to the embedding endpoint.")
    contradiction_method: Literal["embedding", "v2-nli", "v4-hybrid"] = Field(
        "embedding", description="Who judges comparable sentences: rules (embedding), the model (v2-nli), or both."
    )
    contradiction_model: str | None = Field(
        None, description="Folder of an NLI classifier or of a trained adapter; the adapter that ships by default."
    )
    nli_data: Path | None = Field(None, description="Folder with train/ and test/ pairs, to train the adapter anew.")
    judges: tuple[JudgeEndpoint, ...] = Field(
        (),
        description="Language models that judge pairs, as a JSON list of url, model and, optionally, api_key, "
        "input_price, output_price; none by default.",
    )
    judge_api_key: SecretStr | None = Field(None, description="API key of every judge that has none of its own.")
    judge_timeout_seconds: int = Field(60, ge=1, description="Timeout of one request to a judge.")
    judge_budget_tokens: int = Field(
        500_000, ge=0, description="Most tokens that judges may use in a day, UTC; asking stops before."
    )
    judge_budget_money: float | None = Field(
        None, ge=0, description="Most money that judges may cost in a day, UTC; each judge then needs its prices."
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N.")
    qdrant_url: str | None = Field(None, description="Qdrant server; embedded by default.")
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")

    mlflow_tracking_uri: str | None = Field(None, description="MLflow tracking server; SQLite by default.")
    mlflow_experiment: str = Field("semops-data", description="Experiment that the runs are logged to.")
    mlflow_timeout_seconds: int = Field(3, ge=1, description="Timeout of one request to the tracking server.")
    mlflow_url: str = Field("http://127.0.0.1:5000", description="Address of MLflow's page, for links to it.")
    dagster_url: str = Field("http://127.0.0.1:3000", description="Address of Dagster's page, for links to it.")
    openlineage_url: str | None = Field(
        None, description="OpenLineage HTTP endpoint, or kafka://broker:9092/topic; an ndjson file by default."
    )
    openlineage_api_key: SecretStr | None = Field(None, description="Bearer token of the endpoint.")
    openlineage_timeout_seconds: int = Field(3, ge=1, description="Timeout of one request to the endpoint.")
    openlineage_kafka: SecretStr | None = Field(
        None, description="JSON of a Kafka producer's properties, such as security.protocol, for a kafka:// address."
    )
    openlineage_batch: int = Field(
        1, ge=1, le=5_000, description="Events per request, where the endpoint takes batches at `/batch` below it."
    )
    outbox_url: SecretStr | None = Field(
        None, description="postgresql:// of what waits for OpenLineage and MLflow; a SQLite file each by default."
    )
    facet_schema_url: str | None = Field(
        None, description="Address at which `dst lineage schemas` was published; facets name it as their schema's."
    )
    source_url: str | None = Field(None, description="Address of the published source tree; events link each asset.")
    deployment: str = Field("semops-data", description="Name of this deployment in lineage namespaces.")
    job_namespace: str = Field("semops-data", description="OpenLineage namespace of the jobs.")

    levels: str = Field("0.8,0.6,0.4", description="SC from which a pattern is coherent, fair, weak; else incoherent.")
    hotspot_bands: str = Field(
        "12,6", description="Priority, surface area x (1 - lower bound of SC), that is urgent, soon; else watch."
    )
    decision_records: str = Field(
        "**/decisions/**,**/adr/**,**/adrs/**", description="Comma-separated globs of decision records in the corpus."
    )

    alert_webhook: SecretStr | None = Field(None, description="URL that receives alerts as JSON by POST.")
    alert_drop: float = Field(0.05, ge=0, le=1, description="Fall of a pattern's SC that raises an alert.")
    nightly_cron: str = Field("0 2 * * *", description="When the nightly coherence run starts, UTC.")
    maintenance_cron: str = Field("30 3 * * *", description="When the lake's tables are compacted and vacuumed, UTC.")
    automation: Literal["running", "stopped"] = Field(
        "running", description="Whether schedules and sensors are on from the start; the UI switches them too."
    )

    @field_validator("embedding_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        return None if url is None else plain_address(url)

    @field_validator("levels", "hotspot_bands")
    @classmethod
    def _falling(cls, value: str, info: ValidationInfo) -> str:
        """Limits fall, or a value would belong to two of them; there is one fewer than names."""
        wanted = {"levels": 3, "hotspot_bands": 2}[str(info.field_name)]
        try:
            limits = [float(part) for part in value.split(",")]
        except ValueError:
            limits = []
        if len(limits) != wanted or limits != sorted(set(limits), reverse=True) or limits[-1] <= 0:
            default = cls.model_fields[str(info.field_name)].default
            raise ValueError(f"{wanted} falling numbers above 0 are wanted: write such as {default}")
        return value

    @property
    def level_limits(self) -> tuple[float, ...]:
        """SC from which a pattern is coherent, fair, weak."""
        return tuple(float(part) for part in self.levels.split(","))

    @property
    def band_limits(self) -> tuple[float, ...]:
        """Priority from which a hotspot is urgent, or due soon."""
        return tuple(float(part) for part in self.hotspot_bands.split(","))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put `semops.toml` after the environment."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def model_post_init(self, context: object, /) -> None:  # noqa: ARG002
        """Make the home absolute, so that every process means the same folder."""
        object.__setattr__(self, "home", self.home.expanduser().absolute())

    @property
    def landing_root(self) -> str:
        """URI of the raw objects."""
        return self.landing_uri or str(self.home / "s3")

    @property
    def lake_root(self) -> str:
        """URI below which the Delta tables lie."""
        return self.lake_uri or str(self.home / "delta")

    @property
    def tracking_uri(self) -> str:
        """MLflow tracking URI."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def lineage_file(self) -> Path:
        """The ndjson file of OpenLineage events."""
        return self.home / "lineage" / "events.ndjson"

    @property
    def place(self) -> str:
        """Eight hexadecimal characters for where the data lies, empty for the embedded defaults.

        What was written to one lake or account is not there in another: the place is part of every code version, so
        that a changed place makes everything stale.
        """
        places = (self.landing_uri, self.lake_uri, self.snowflake_account)
        if not any(places):
            return ""
        return sha256("\x1f".join(map(str, (*places, self.snowflake_database))).encode()).hexdigest()[:8]

    @property
    def is_snowflake_emulated(self) -> bool:
        """Whether the warehouse is the embedded emulator."""
        return self.snowflake_account is None


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """The process's settings, read once.

    Raises:
        pydantic.ValidationError: naming each variable whose value is not usable.
    """
    return Settings()
