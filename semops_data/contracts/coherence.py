"""The tables of the rooms `embeddings` and `coherence`: vectors, factors, scores and the evidence for them."""

from __future__ import annotations

from semops_data.contracts.types import Column, Table

PATTERN_ID = Column("pattern_id", "string", "The pattern that the row is about.", is_key=True, term="pattern")
MODEL_ID = Column("model_id", "string", "Embedding model and revision that gave the vector.", is_key=True)
TEXT_SHA256 = Column("text_sha256", "string", "sha256 of the text that was embedded, hexadecimal.")
VECTOR = Column("vector", "list<float32>", "Embedding of unit length.")
STATUSES = ("measured", "measured_zero", "unmeasurable")
LEVEL_NAMES = ("coherent", "fair", "weak", "incoherent")
BAND_NAMES = ("urgent", "soon", "watch")


def _unit(name: str, description: str, *, nullable: bool = True) -> Column:
    return Column(name, "float64", description, unit="share", nullable=nullable, minimum=0, maximum=1)


def _factor(name: str, term: str, question: str) -> Table:
    return Table(
        f"coherence/{name}",
        f"One row per pattern: {question}",
        (
            PATTERN_ID,
            Column("value", "float64", f"The pattern's {name}; null where it could not be measured.", "share",
                   nullable=True, term=term, minimum=0, maximum=1),
            _unit("low", "Lower end of the 90% interval."),
            _unit("high", "Upper end of the 90% interval."),
            Column("unit_count", "int64", "Number of units (queries, claims or sentences) that were scored."),
            Column("status", "string", "Whether the value was measured, measured as zero, or could not be.",
                   allowed=STATUSES),
            Column("reason", "string", "Why the value could not be measured.", nullable=True),
            Column("method", "string", "What gave the value: retrieval, embedding, or a named model."),
            Column("unit_scores", "list<float32>", "Score of each unit; the interval resamples them.", "share"),
            Column("unit_weights", "list<float32>", "Weight of each unit in the value.", "share"),
            Column("factor", "float64", "Factor on the mean of the units, 1 unless a precedence rule lowers it."),
            Column("evidence", "string", "What the value rests on, as JSON."),
        ),
    )  # fmt: skip


SCORE_COLUMNS = (
    Column("label", "string", "The pattern's label."),
    _unit("availability", "Can the meaning be found where it is needed?"),
    _unit("consistency", "Does nothing in the corpus contradict it?"),
    _unit("stability", "Was the meaning preserved since the baseline?"),
    Column("sc", "float64", "Semantic coherence; null unless all three dimensions are measured.", "share",
           nullable=True, term="semantic-coherence", minimum=0, maximum=1),
    _unit("sc_low", "Lower end of the 90% interval of SC."),
    _unit("sc_high", "Upper end of the 90% interval of SC."),
    Column("status", "string", "Whether SC was measured.", allowed=STATUSES),
    Column("reason", "string", "Which dimension is unmeasured, and why.", nullable=True),
    _unit("mean_measured", "Geometric mean of the measured dimensions."),
    _unit("bound_low", "SC if every unmeasured dimension were 0.", nullable=False),
    _unit("bound_high", "SC if every unmeasured dimension were 1.", nullable=False),
    _unit("coverage", "Measured dimensions out of three.", nullable=False),
    _unit("delta", "Corpus-artifact delta: distance of the usages from the definition."),
    _unit("delta_low", "Lower end of the 90% interval of the delta."),
    _unit("delta_high", "Upper end of the 90% interval of the delta."),
    Column("delta_reason", "string", "Why the delta could not be measured.", nullable=True),
    _unit("kpi", "SC x (1 - delta); null where either is unmeasured."),
    _unit("kpi_low", "Lower end of its 90% interval; 0 where only SC is measured."),
    _unit("kpi_high", "Upper end of its 90% interval; SC where only SC is measured."),
    Column("kpi_reason", "string", "Why the KPI could not be measured.", nullable=True),
    Column("level", "string", "Band of SC, from configuration.", nullable=True,
           allowed=LEVEL_NAMES),
    Column("surface_area", "int64", "Visibility times decision weight.", minimum=1, maximum=25),
    Column("usage_count", "int64", "Places that use the pattern.", minimum=0),
    Column("finding_count", "int64", "Findings against the pattern.", minimum=0),
    Column("method", "string", "What gave the three dimensions."),
    Column("model_id", "string", "Embedding model and revision."),
    Column("corpus_version", "int64", "Delta version of corpus/documents that was scored.", minimum=0),
    Column("registry_version", "int64", "Delta version of registry/patterns that was scored.", minimum=0),
)  # fmt: skip

TABLES: tuple[Table, ...] = (
    Table(
        "embeddings/vectors",
        "Every vector ever computed, by content: a text that was embedded once is never embedded again.",
        (
            Column("text_sha256", "string", "sha256 of the embedded text, hexadecimal.", is_key=True),
            MODEL_ID,
            VECTOR,
        ),
    ),
    Table(
        "embeddings/chunks",
        "One row per current chunk of the corpus: its vector.",
        (
            Column("chunk_id", "string", "The chunk.", is_key=True, term="chunk"),
            MODEL_ID,
            TEXT_SHA256,
            VECTOR,
        ),
        references=(("chunk_id", "corpus/chunks", "chunk_id"),),
    ),
    Table(
        "embeddings/sentences",
        "One row per sentence of the current corpus: where it stands, and its vector.",
        (
            Column("sentence_id", "string", "Identity of the sentence: chunk and ordinal.", is_key=True),
            MODEL_ID,
            Column("chunk_id", "string", "The chunk that holds the sentence.", term="chunk"),
            Column("document_id", "string", "Path of the document."),
            Column("line", "int64", "Line of the document on which the sentence starts, from 1.", minimum=1),
            Column("text", "string", "The sentence, without markup."),
            TEXT_SHA256,
            VECTOR,
        ),
        references=(("chunk_id", "corpus/chunks", "chunk_id"),),
    ),
    Table(
        "embeddings/patterns",
        "One row per text that stands for a pattern: its labels, its definition, its claims and its queries.",
        (
            PATTERN_ID,
            Column("role", "string", "What the text is to the pattern.", is_key=True,
                   allowed=("label", "definition", "claim", "query", "version")),
            Column("ordinal", "int64", "Position among the texts of the role, from 0.", is_key=True, minimum=0),
            MODEL_ID,
            Column("text", "string", "The text."),
            TEXT_SHA256,
            VECTOR,
        ),
    ),
    Table(
        "coherence/usages",
        "One row per place where a pattern is used: a chunk that names it or means it.",
        (
            PATTERN_ID,
            Column("chunk_id", "string", "The chunk that uses the pattern.", is_key=True, term="chunk"),
            Column("kind", "string", "What made it a usage.", allowed=("mention", "link", "meaning")),
            Column("label", "string", "The label that the chunk mentions, where it does.", nullable=True),
            Column("cosine", "float64", "Highest cosine between the chunk and the definition.", minimum=-1, maximum=1),
        ),
        references=(("chunk_id", "corpus/chunks", "chunk_id"),),
    ),
    _factor("availability", "availability", "can its meaning be found where it is needed?"),
    _factor("consistency", "consistency", "does anything in the corpus contradict it?"),
    _factor("stability", "stability", "has its meaning been preserved since its baseline?"),
    Table(
        "coherence/pairs",
        "One row per claim of a definition and comparable sentence of another document: the verdict on the two.",
        (
            PATTERN_ID,
            Column("claim", "int64", "Ordinal of the claim in the definition, from 0.", is_key=True, minimum=0),
            Column("sentence_id", "string", "The sentence that was held against the claim.", is_key=True),
            Column("cosine", "float64", "Cosine of claim and sentence.", minimum=-1, maximum=1),
            Column("rule", "string", "The rule that fired, where one did.", nullable=True),
            Column("detail", "string", "What the rule saw, in words.", nullable=True),
            _unit("raw", "Raw contradiction score, before calibration.", nullable=False),
            Column("method", "string", "What gave the verdict."),
        ),
    ),
    Table(
        "coherence/thresholds",
        "One row per calibrated number that a score or an alert uses, with the cases it was fitted to.",
        (
            Column("name", "string", "Name of the number.", is_key=True),
            Column("value", "float64", "Its value; null where too few cases were at hand.", nullable=True),
            Column("low", "float64", "Lower end of its 90% bootstrap interval.", nullable=True),
            Column("high", "float64", "Upper end of its 90% bootstrap interval.", nullable=True),
            Column("positives", "int64", "Planted or labelled cases of what is to be found.", minimum=0),
            Column("negatives", "int64", "Natural cases that are not to be found.", minimum=0),
            Column("method", "string", "How the value was chosen."),
            Column("reason", "string", "Why there is no value.", nullable=True),
        ),
    ),
    Table(
        "coherence/scores",
        "One row per pattern: semantic coherence, SC = (availability x consistency x stability)^(1/3).",
        (
            PATTERN_ID,
            *SCORE_COLUMNS,
        ),
    ),
    Table(
        "coherence/organisation",
        "One row: semantic coherence of the whole registry, beside what could not be measured.",
        (
            Column("scope", "string", "What was summed up.", is_key=True),
            _unit("sc", "Mean SC weighted by surface area over the patterns that were scored."),
            _unit("sc_low", "Lower end of its 90% interval, clustered by pattern."),
            _unit("sc_high", "Upper end of its 90% interval, clustered by pattern."),
            Column("reason", "string", "Why SC could not be summed up.", nullable=True),
            _unit("worst_decile", "Mean SC of the worst tenth of the scored patterns, chance taken out."),
            _unit("worst_decile_low", "Lower end of its 90% interval."),
            _unit("worst_decile_high", "Upper end of its 90% interval."),
            Column("scored_count", "int64", "Patterns with a measured SC.", minimum=0),
            Column("unmeasured_count", "int64", "Patterns without one.", minimum=0),
            _unit("scored_surface_share", "Share of the surface area that the scored patterns cover."),
            _unit("pattern_coverage", "Share of the documents that hold or use a pattern; not a part of SC."),
            _unit("graph_connectivity", "Share of the patterns in the largest connected part of the registry; not a "
                  "part of SC."),
        ),
    ),
    Table(
        "coherence/history",
        "Every score ever given: of which state of the corpus (valid time), and since when it was held to be true "
        "(transaction time). Rows are added where a score differs from the one before, and never changed.",
        (
            PATTERN_ID,
            Column("as_of", "timestamp", "Valid time: the newest document version that was scored, or the moment that "
                   "was asked for.", "UTC", is_key=True),
            Column("known_from", "timestamp", "Transaction time: when the score was given.", "UTC", is_key=True),
            Column("is_audited", "bool", "Whether the registry still held the pattern; where false, the row ends it."),
            *SCORE_COLUMNS,
        ),
    ),
    Table(
        "coherence/hotspots",
        "One row per pattern with a measured SC, most pressing first: where to look next.",
        (
            PATTERN_ID,
            Column("rank", "int64", "Position, from 1.", minimum=1),
            Column("band", "string", "How pressing, by the configured bands of the priority.", allowed=BAND_NAMES),
            Column("priority", "float64", "Surface area times (1 - lower bound of SC).", minimum=0, maximum=25),
            Column("surface_area", "int64", "Visibility times decision weight.", minimum=1, maximum=25),
            _unit("sc_low", "The lower bound of SC that the priority rests on.", nullable=False),
            Column("finding_count", "int64", "Findings against the pattern.", minimum=0),
            Column("worst_finding", "string", "The gravest finding in words.", nullable=True),
        ),
    ),
    Table(
        "coherence/findings",
        "One row per fault found in the knowledge, with both quotes and where they stand.",
        (
            Column("finding_id", "string", "sha256 of what makes the finding the same one, hexadecimal.", is_key=True),
            Column("pattern_id", "string", "The pattern that the finding is about.", term="pattern"),
            Column("kind", "string", "Kind of fault.",
                   allowed=("contradiction", "stale_copy", "missing_definition", "drift", "hard_to_find", "homonym")),
            _unit("score", "Gravity: a probability for contradictions, the loss in the dimension otherwise.",
                  nullable=False),
            Column("detail", "string", "What is wrong, in one sentence."),
            Column("rule", "string", "The rule or model that found it."),
            Column("claim", "string", "The definition's words.", nullable=True),
            Column("claim_document", "string", "Document of the definition.", nullable=True),
            Column("claim_line", "int64", "Line of the definition, from 1.", nullable=True, minimum=1),
            Column("evidence", "string", "The words that stand against it.", nullable=True),
            Column("evidence_document", "string", "Document of those words.", nullable=True),
            Column("evidence_line", "int64", "Line of those words, from 1.", nullable=True, minimum=1),
            Column("evidence_version", "string", "Version of the document with those words.", nullable=True),
            Column("method", "string", "What gave the verdict."),
        ),
    ),
)  # fmt: skip
