"""The tables of the meaning stream."""

from semops_data.contracts.types import Column, Table

PATTERN_TYPES = ("concept", "domain", "analytics", "process", "implementation")
PROVENANCES = ("1P", "2P", "3P")
LIFECYCLES = ("planned", "draft", "in_progress", "active", "retired")
PREDICATES = ("broader", "narrower", "related", "adopts", "extends", "modifies", "requires")
CLASSIFICATIONS = ("core", "supporting", "generic")
CHUNK_KINDS = ("prose", "list", "table", "code", "quote", "heading", "metadata")
FINDING_KINDS = (
    "undecodable", "too_large", "empty_document", "no_headings", "broken_reference", "outside_root",
    "missing_definition", "malformed", "not_read", "contradicting_statements",
)  # fmt: skip

KNOWLEDGE: tuple[Table, ...] = (
    Table(
        "registry/patterns",
        "One row is a registered pattern: the unit of meaning that coherence is measured against.",
        (
            Column("pattern_id", "string", "Kebab-case name of the pattern, 3 to 50 characters.", is_key=True,
                   term="pattern"),
            Column("label", "string", "The preferred name as people write it."),
            Column("alternative_labels", "list<string>", "Other names that mean the same pattern."),
            Column("definition", "string", "The canonical definition: whole sentences that assert what it is."),
            Column("pattern_type", "string", "What sort of pattern it is; a concept is lineage only.",
                   allowed=PATTERN_TYPES, term="pattern type"),
            Column("provenance", "string", "1P operates in this system, 2P is jointly developed, 3P is adopted as is.",
                   allowed=PROVENANCES, term="provenance"),
            Column("lifecycle", "string", "Planned and retired patterns are skipped by audits.", allowed=LIFECYCLES,
                   term="lifecycle"),
            Column("owner", "string", "Team or role that answers for the definition.", nullable=True),
            Column("visibility", "int64", "How many people meet the pattern: 1 few, 5 everyone.", minimum=1,
                   maximum=5),
            Column("decision_weight", "int64", "How much hangs on the pattern: 1 little, 5 decisions of the business.",
                   minimum=1, maximum=5),
            Column("surface_area", "int64", "Visibility times decision weight; sets audit priority.", minimum=1,
                   maximum=25, term="surface area"),
            Column("source_path", "string", "Document that holds the canonical definition.", nullable=True),
            Column("source_anchor", "string", "Heading slug of the definition in that document.", nullable=True),
            Column("registered_file", "string", "Registry file that declares the pattern."),
            Column("registered_line", "int64", "Line of the declaration in that file, from 1.", minimum=1),
            Column("valid_from", "timestamp", "Baseline: when the pattern became active.", nullable=True,
                   unit="UTC"),
        ),
    ),
    Table(
        "registry/edges",
        "One row is a relation between two registered patterns.",
        (
            Column("source_id", "string", "Pattern that the relation starts from.", is_key=True, term="pattern edge"),
            Column("predicate", "string", "What the relation says.", is_key=True, allowed=PREDICATES,
                   term="edge predicate"),
            Column("target_id", "string", "Pattern that the relation leads to.", is_key=True),
            Column("strength", "float64", "Confidence of the relation.", minimum=0, maximum=1, term="edge strength"),
            Column("rationale", "string", "Why the relation holds.", nullable=True),
        ),
        references=(
            ("source_id", "registry/patterns", "pattern_id"),
            ("target_id", "registry/patterns", "pattern_id"),
        ),
    ),
    Table(
        "registry/capabilities",
        "One row is a capability: named, bounded functionality that implements at least one pattern.",
        (
            Column("capability_id", "string", "Kebab-case name of the capability, 3 to 50 characters.", is_key=True,
                   term="capability"),
            Column("label", "string", "The name as people write it."),
            Column("description", "string", "What the capability does, whole sentences."),
            Column("classification", "string", "Core differentiates, supporting helps, generic could be bought.",
                   allowed=CLASSIFICATIONS),
            Column("lifecycle", "string", "Planned and retired capabilities are skipped by audits.",
                   allowed=LIFECYCLES, term="lifecycle"),
            Column("implements", "list<string>", "Patterns that the capability implements, at least one."),
            Column("delivered_by", "list<string>", "Repositories that deliver the capability."),
        ),
    ),
    Table(
        "corpus/documents",
        "One row is one version of one document: valid from its commit until the next version or its removal.",
        (
            Column("document_id", "string", "Path of the document below the corpus root, with forward slashes.",
                   is_key=True),
            Column("valid_from", "timestamp", "Commit time of the version; file time outside a commit.", unit="UTC",
                   is_key=True),
            Column("version_id", "string", "sha256 of the content, hexadecimal.", is_key=True),
            Column("valid_to", "timestamp", "When the version was replaced or removed; null while it is current.",
                   unit="UTC", nullable=True),
            Column("commit", "string", "Commit that brought the version; null outside version control.",
                   nullable=True),
            Column("previous_document_id", "string", "Path before the rename that this version came with.",
                   nullable=True),
            Column("title", "string", "First heading of level one, or the front matter's title.", nullable=True),
            Column("content", "string", "The whole text."),
            Column("size_bytes", "int64", "Size of the content in UTF-8.", unit="bytes", minimum=0),
            Column("is_current", "bool", "Whether this is the version that holds now."),
            Column("language", "string", "Language tag that the front matter states.", nullable=True),
        ),
    ),
    Table(
        "corpus/chunks",
        "One row is a passage of a current document version, small enough to embed, with its headings as context.",
        (
            Column("chunk_id", "string", "sha256 of document, ordinal and text, hexadecimal.", is_key=True),
            Column("document_id", "string", "Document that the passage is from."),
            Column("version_id", "string", "Version of that document."),
            Column("valid_from", "timestamp", "When that version became valid.", unit="UTC"),
            Column("ordinal", "int64", "Position in the document, from 0.", minimum=0),
            Column("heading_path", "string", "Headings above the passage, outermost first, joined by ' > '."),
            Column("heading", "string", "Innermost heading; empty before the first one."),
            Column("anchor", "string", "Slug of the innermost heading; empty before the first one."),
            Column("start_line", "int64", "First line of the passage, from 1.", minimum=1),
            Column("end_line", "int64", "Last line of the passage, inclusive.", minimum=1),
            Column("kind", "string", "What most of the passage is.", allowed=CHUNK_KINDS),
            Column("text", "string", "What is embedded: the heading path, an empty line, the passage."),
            Column("markdown", "string", "The passage as written, its first to its last line."),
            Column("text_sha256", "string", "sha256 of the text, hexadecimal."),
            Column("word_count", "int64", "Words of the passage without its heading path.", unit="words", minimum=0),
            Column("language", "string", "Language tag that words and letters tell; null where they do not.",
                   nullable=True),
        ),
        references=(("document_id", "corpus/documents", "document_id"),),
    ),
    Table(
        "corpus/definitions",
        "One row is a definition of a pattern as it read from one moment on: what stability is measured on.",
        (
            Column("pattern_id", "string", "Pattern that is defined.", is_key=True, term="pattern"),
            Column("valid_from", "timestamp", "When the definition began to read so.", unit="UTC", is_key=True),
            Column("version_id", "string", "sha256 of the definition's text, hexadecimal.", is_key=True),
            Column("source", "string", "Whether the text is from a corpus document or from the registry file.",
                   allowed=("document", "registry")),
            Column("document_id", "string", "Document that held the text, under its path of that time.",
                   nullable=True),
            Column("start_line", "int64", "First line of the text in its file, from 1.", minimum=1, nullable=True),
            Column("commit", "string", "Commit that brought the text; null outside version control.", nullable=True),
            Column("text", "string", "The definition without Markdown marks."),
        ),
        references=(("pattern_id", "registry/patterns", "pattern_id"),),
    ),
    Table(
        "corpus/findings",
        "One row is something wrong with a document that the reader could not use or had to read around.",
        (
            Column("document_id", "string", "Path of the document below the corpus root.", is_key=True),
            Column("kind", "string", "What is wrong.", is_key=True, allowed=FINDING_KINDS),
            Column("line", "int64", "Line it was found at, from 1; 0 where it concerns the whole file.", is_key=True,
                   minimum=0),
            Column("detail", "string", "What was found there and what to do.", is_key=True),
            Column("severity", "string", "How much it costs the scores.", allowed=("info", "warning", "error")),
        ),
    ),
)  # fmt: skip

TABLES: tuple[Table, ...] = KNOWLEDGE
