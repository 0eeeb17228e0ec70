"""The tables of experiments: what people and methods say of the same pairs of texts."""

from __future__ import annotations

from semops_data.contracts.types import Column, Table

LABELS = ("agrees", "contradicts", "cannot_tell")
LABEL = "Whether the two texts agree, contradict each other, or neither can be told."


def _share(name: str, description: str) -> Column:
    return Column(name, "float64", description, unit="share", nullable=True, minimum=0, maximum=1)


def _with_interval(name: str, description: str) -> tuple[Column, ...]:
    return (
        _share(name, description),
        _share(f"{name}_low", f"Lower end of the 90% interval of `{name}`."),
        _share(f"{name}_high", f"Upper end of the 90% interval of `{name}`."),
    )


TABLES: tuple[Table, ...] = (
    Table(
        "coherence/labels",
        "One row per pair of texts and person: what the person says of the two.",
        (
            Column("pair_id", "string", "sha256 of the two texts, hexadecimal.", is_key=True),
            Column("author", "string", "Who says it.", is_key=True),
            Column("left_text", "string", "The first text, as it was shown; a claim of a definition."),
            Column("right_text", "string", "The second text."),
            Column("label", "string", LABEL, allowed=LABELS),
            Column("labelled_at", "timestamp", "When it was said; a later word of the same person replaces it.", "UTC"),
            Column("picked", "string", "Why the pair was shown: uncertain, random, or from a file.",
                   allowed=("uncertain", "random", "imported")),
            Column("pattern_id", "string", "The pattern whose claim it is.", nullable=True, term="pattern"),
            Column("left_place", "string", "Where the first text stands, file:line.", nullable=True),
            Column("right_place", "string", "Where the second text stands, file:line.", nullable=True),
        ),
    ),
    Table(
        "coherence/experiment_cases",
        "One row per pair of texts whose label is known: what methods are compared on.",
        (
            Column("case_id", "string", "sha256 of the two texts, hexadecimal.", is_key=True),
            Column("left_text", "string", "The first text."),
            Column("right_text", "string", "The second text."),
            Column("label", "string", LABEL, allowed=LABELS),
            Column("source", "string", "Who knows the label: planted by the project, written by hand, said by people.",
                   allowed=("planted", "written", "human")),
            Column("kind", "string", "Kind of the case, such as the kind of fault that was planted."),
            Column("family", "string", "Cases of one family share a text: they are never split, and resampled whole."),
        ),
    ),
    Table(
        "coherence/experiment_verdicts",
        "One row per experiment, case and judge: what it said, beside what is right.",
        (
            Column("experiment_id", "string", "The experiment.", is_key=True),
            Column("case_id", "string", "The case.", is_key=True),
            Column("judge", "string", "The method, or one of the judges that it asked.", is_key=True),
            Column("label", "string", LABEL, allowed=LABELS),
            Column("expected", "string", "The case's own label.", allowed=LABELS),
            Column("status", "string", "Whether the verdict was given, could not be believed, or was never asked for.",
                   allowed=("given", "invalid", "unasked")),
            Column("is_right", "bool", "Whether it is the case's label; an invalid one never is.", nullable=True),
            _share("score", "How surely the two contradict each other; ranks cases, is no probability."),
            Column("reason", "string", "Why, in the judge's words or ours."),
            Column("quote_left", "string", "Words of the first text that decide; empty where none were given."),
            Column("quote_right", "string", "Words of the second text that decide."),
        ),
        references=(("experiment_id", "coherence/experiments", "experiment_id"),
                    ("case_id", "coherence/experiment_cases", "case_id")),
    ),
    Table(
        "coherence/experiments",
        "One row per method, model and set of cases: how often it is right, and what that cost.",
        (
            Column("experiment_id", "string", "sha256 of method, models and cases, 16 hexadecimal characters.",
                   is_key=True),
            Column("method", "string", "The method: v1-embedding to v5-multi-judge, or rules."),
            Column("model", "string", "The models that it used, with their revisions; prompts by their hash."),
            Column("measured_at", "timestamp", "When it was measured.", "UTC"),
            Column("cases_digest", "string", "Digest of the cases and their labels; equal ones were judged alike."),
            Column("case_count", "int64", "Cases that the method was to judge.", minimum=0),
            Column("answered_count", "int64", "Cases with a verdict that could be believed.", minimum=0),
            Column("invalid_count", "int64", "Cases whose answer could not be believed; they count as wrong.",
                   minimum=0),
            Column("unasked_count", "int64", "Cases without an answer (outage, budget); they are left out.", minimum=0),
            *_with_interval("accuracy", "Share of the cases that were asked whose label is right."),
            *_with_interval("precision", "Share of true contradictions among those that it calls so."),
            *_with_interval("recall", "Share of the true contradictions that it finds."),
            *_with_interval("auc", "Probability that a contradiction scores above another case."),
            Column("alpha", "float64", "Krippendorff's alpha of the judges; null for a single one.", nullable=True,
                   minimum=-1, maximum=1),
            Column("alpha_low", "float64", "Lower end of its 90% interval.", nullable=True, minimum=-1, maximum=1),
            Column("alpha_high", "float64", "Upper end of its 90% interval.", nullable=True, minimum=-1, maximum=1),
            Column("confusion", "string", "Counts by expected and given label, as JSON."),
            Column("duration_seconds", "float64", "Time that the judging took; of judges, when they were asked.",
                   "seconds", minimum=0),
            Column("input_tokens", "int64", "Tokens sent to judges, when they were asked.", "tokens", minimum=0),
            Column("output_tokens", "int64", "Tokens that came back.", "tokens", minimum=0),
            Column("money", "float64", "What judges cost, in the currency of their prices; null where they have none.",
                   nullable=True, minimum=0),
            Column("request_count", "int64", "Requests to judges in this run; verdicts that were held need none.",
                   minimum=0),
            Column("reason", "string", "Why it was not measured, or not on every case.", nullable=True),
        ),
    ),
)  # fmt: skip
