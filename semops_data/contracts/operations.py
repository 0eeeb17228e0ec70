"""The tables of the operations stream: who did what to the domain model, and what it would cost at scale."""

from semops_data.contracts.types import Column, Table

RUN_TYPES = ("manual", "scheduled", "interactive", "agent")
RUN_STATUSES = ("running", "completed", "failed", "cancelled")
OPERATIONS = (
    "ingest", "classify", "embed", "create_edge", "declare_pattern", "publish",
    "synthesize", "audit", "evaluate", "measure", "sync", "bridge",
)  # fmt: skip
TARGET_TYPES = ("entity", "pattern", "edge", "delivery", "corpus", "repo")
REASONING_PATTERNS = ("workflow", "cot", "react", "tree-of-thoughts", "reflexion", "llm-p", "direct")
CONTEXT_ASSEMBLY_METHODS = ("rag", "full_doc", "summary", "hybrid")
EDGE_PREDICATES = (
    "derived_from", "cites", "version_of", "part_of", "documents", "depends_on", "related_to", "implements",
    "delivered_by", "integration", "described_by", "references", "covers", "deploys_to", "adopts_from",
    "incubates", "originated_from",
)  # fmt: skip
GAP_CLASSES = ("clean", "concerning", "blocking", "unmeasured")
MEASUREMENT_STATUSES = ("measured", "failed")


def _joins() -> tuple[Column, ...]:
    """The ids under which the other systems know the same work."""
    return (
        Column("dagster_run_id", "string", "Dagster run in which it happened.", nullable=True),
        Column("openlineage_run_id", "string", "OpenLineage run of the same work.", nullable=True),
        Column("mlflow_run_id", "string", "MLflow run of the same work.", nullable=True),
    )


RUNS = Table(
    "episodes/runs",
    "One row per bounded execution of a pipeline or an agent session; its episodes point here.",
    (
        Column("id", "string", "Id of the run: time-ordered, or the Dagster run's own id.", is_key=True, term="run"),
        Column("run_type", "string", "What started the run.", allowed=RUN_TYPES, term="run"),
        Column("status", "string", "How far the run came.", allowed=RUN_STATUSES, term="run"),
        Column("agent_name", "string", "Pipeline, command or agent that ran.", nullable=True),
        Column("error_message", "string", "Why the run failed, secrets removed.", nullable=True),
        Column("metadata", "string", "Anything else, a JSON object."),
        Column("started_at", "timestamp", "When the run began, UTC."),
        Column("ended_at", "timestamp", "When the run ended, UTC; null while it runs.", nullable=True),
        *_joins(),
    ),
)

EPISODES = Table(
    "episodes/episodes",
    "One row per operation on the domain model, with the context that the agent had.",
    (
        Column("id", "string", "Id of the episode, time-ordered.", is_key=True, term="episode"),
        Column("run_id", "string", "Run that the episode belongs to.", term="run"),
        Column("operation", "string", "What was done.", allowed=OPERATIONS, term="episode"),
        Column("target_type", "string", "What kind of thing it was done to.", allowed=TARGET_TYPES, term="entity"),
        Column("target_id", "string", "Which one it was done to."),
        Column("context_pattern_ids", "list<string>", "Patterns that the agent saw.", term="context snapshot"),
        Column("context_entity_ids", "list<string>", "Entities that the agent saw.", term="context snapshot"),
        Column(
            "coherence_score", "float64", "Semantic coherence of the target; null where unmeasured.",
            nullable=True, minimum=0, maximum=1, term="SC",
        ),
        Column("agent_name", "string", "Asset, command or agent that acted."),
        Column("agent_version", "string", "Version of that agent.", nullable=True),
        Column("model_name", "string", "Model that was used, where one was.", nullable=True),
        Column("prompt_hash", "string", "sha256 of the prompt, hexadecimal.", nullable=True),
        Column(
            "token_usage", "string", "JSON object of prompt_tokens, completion_tokens and total_tokens.",
            unit="tokens", nullable=True,
        ),
        Column(
            "detected_edges", "list<string>", "Proposed relations, each a JSON object of predicate, target_id, "
            "strength and rationale; nobody has committed them.", term="detected edge",
        ),
        Column("input_hash", "string", "Digest of what went in.", nullable=True),
        Column("reasoning_pattern", "string", "How the agent reasoned.", nullable=True, allowed=REASONING_PATTERNS),
        Column(
            "context_assembly_method", "string", "How the context was put together.",
            nullable=True, allowed=CONTEXT_ASSEMBLY_METHODS,
        ),
        Column("chain_depth", "int64", "Episodes around this one; 0 for an outermost one.", minimum=0),
        Column("branching_factor", "int64", "Alternatives that were tried.", nullable=True, minimum=0),
        Column(
            "observation_action_cycles", "int64", "Rounds of observing and acting.", nullable=True, minimum=0,
        ),
        Column(
            "context_token_count", "int64", "Size of the context.", unit="tokens", nullable=True, minimum=0,
        ),
        Column(
            "context_utilization", "float64", "Share of the model's window that the context filled.",
            nullable=True, minimum=0, maximum=1,
        ),
        Column("error_message", "string", "Why the operation failed, secrets removed.", nullable=True),
        Column("metadata", "string", "Anything else, a JSON object; holds duration_seconds and parent_id."),
        Column("created_at", "timestamp", "When the operation began, UTC."),
        _joins()[0],
        Column("asset_key", "string", "Asset that the operation materialized, room/name.", nullable=True),
        *_joins()[1:],
    ),
    references=(("run_id", "episodes/runs", "id"),),
)  # fmt: skip

MEASUREMENTS = Table(
    "projection/measurements",
    "One row per asset, factor and repetition that `dst project run` measured in a process of its own.",
    (
        Column("id", "string", "Id of the measurement, time-ordered.", is_key=True),
        Column("projection_id", "string", "The projection that the measurement belongs to.", term="scale projection"),
        Column("asset_key", "string", "The asset that was materialized alone, room/name."),
        Column("factor", "float64", "Scale of the input, as a multiple of the configured one.", minimum=0),
        Column("status", "string", "Whether the asset could be measured.", allowed=MEASUREMENT_STATUSES),
        Column("wall_seconds", "float64", "Time of the materialization.", unit="seconds", nullable=True, minimum=0),
        Column("cpu_seconds", "float64", "Processor time, user and system.", unit="seconds", nullable=True, minimum=0),
        Column(
            "peak_memory_bytes", "int64", "Largest resident set of the process.",
            unit="bytes", nullable=True, minimum=0,
        ),
        Column(
            "baseline_memory_bytes", "int64", "Resident set of the process before the asset began.",
            unit="bytes", nullable=True, minimum=0,
        ),
        Column("row_count", "int64", "Rows that the asset reported.", unit="rows", nullable=True, minimum=0),
        Column("reason", "string", "Why it could not be measured.", nullable=True),
        Column("machine_cpu_count", "int64", "Processors of the machine.", minimum=1),
        Column("machine_memory_bytes", "int64", "Memory of the machine.", unit="bytes", minimum=0),
        Column("measured_at", "timestamp", "When it was measured, UTC."),
    ),
)  # fmt: skip

GAPS = Table(
    "projection/gaps",
    "One row per asset and projection: what the asset would cost at the target factor, and how grave that is.",
    (
        Column("projection_id", "string", "The projection.", is_key=True, term="scale projection"),
        Column("asset_key", "string", "The asset, room/name.", is_key=True),
        Column("target_factor", "float64", "Scale that was projected to.", minimum=0),
        Column("class", "string", "How grave the gap is.", allowed=GAP_CLASSES, term="scale projection"),
        Column("reason", "string", "The rule that decided, with its figures."),
        Column("points", "int64", "Different factors that were measured.", minimum=0),
        Column("wall_alpha", "float64", "Exponent of time in a + b*s^alpha.", nullable=True, minimum=0, maximum=3),
        Column("wall_alpha_low", "float64", "Lower end of its interval.", nullable=True, minimum=0, maximum=3),
        Column("wall_alpha_high", "float64", "Upper end of its interval.", nullable=True, minimum=0, maximum=3),
        Column("wall_seconds", "float64", "Projected time.", unit="seconds", nullable=True, minimum=0),
        Column("wall_seconds_low", "float64", "Lower end.", unit="seconds", nullable=True, minimum=0),
        Column("wall_seconds_high", "float64", "Upper end.", unit="seconds", nullable=True, minimum=0),
        Column("memory_alpha", "float64", "Exponent of memory.", nullable=True, minimum=0, maximum=3),
        Column("memory_alpha_low", "float64", "Lower end of its interval.", nullable=True, minimum=0, maximum=3),
        Column("memory_alpha_high", "float64", "Upper end of its interval.", nullable=True, minimum=0, maximum=3),
        Column("memory_bytes", "float64", "Projected peak memory.", unit="bytes", nullable=True, minimum=0),
        Column("memory_bytes_low", "float64", "Lower end.", unit="bytes", nullable=True, minimum=0),
        Column("memory_bytes_high", "float64", "Upper end.", unit="bytes", nullable=True, minimum=0),
    ),
)

NEW_COLUMNS = Table(
    "lakehouse/new_columns",
    "One row per day, table and column that a source exported and no contract knew, and what became of the column.",
    (
        Column("day", "string", "Calendar day of the landed export, as an ISO date.", is_key=True),
        Column("table_name", "string", "Exported table that has the column.", is_key=True),
        Column("column_name", "string", "Name under which the source exported the column.", is_key=True),
        Column("source_type", "string", "Arrow type of the landed column; of JSON Lines always string."),
        Column(
            "decision",
            "string",
            "Whether the column is in the table of the lake from now on, or was left in the landed object.",
            allowed=("added", "quarantined"),
        ),
        Column("rows_filled", "int64", "Landed rows that have a value in the column.", unit="row", minimum=0),
        Column("examples", "list<string>", "Up to three different values, each cut after 80 characters."),
        Column("source", "string", "Path of the landed object, which keeps every value."),
    ),
    partition_by="day",
)

TABLES: tuple[Table, ...] = (RUNS, EPISODES, MEASUREMENTS, GAPS, NEW_COLUMNS)
