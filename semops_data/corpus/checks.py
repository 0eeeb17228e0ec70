"""What must hold of the corpus' tables."""

from itertools import pairwise

import dagster as dg

from semops_data.lakehouse.lake import Lake


@dg.asset_check(
    asset=["corpus", "documents"],
    name="versions_follow_each_other",
    blocking=True,
    description="The versions of a document do not overlap, and at most one of them is current.",
)
def versions_follow_each_other(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """Each version ends before the next one begins."""
    names = ["document_id", "valid_from", "valid_to", "is_current"]
    rows = sorted(lake.read("corpus/documents", columns=names).to_pylist(), key=lambda r: (r[names[0]], r[names[1]]))
    overlaps = [
        before["document_id"]
        for before, after in pairwise(rows)
        if before["document_id"] == after["document_id"]
        and (before["valid_to"] is None or before["valid_to"] > after["valid_from"])
    ]
    return _none_of(overlaps)


@dg.asset_check(
    asset=["corpus", "chunks"],
    name="lines_lie_within_their_document",
    blocking=True,
    description="Evidence is quoted by line: a chunk's lines exist in its document.",
)
def lines_lie_within_their_document(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """No chunk ends after its document or before its own start."""
    from semops_data.corpus.markdown import split_lines

    documents = lake.read("corpus/documents", columns=["document_id", "content", "is_current"]).to_pylist()
    length = {row["document_id"]: len(split_lines(row["content"])) for row in documents if row["is_current"]}
    chunks = lake.read("corpus/chunks", columns=["document_id", "start_line", "end_line"]).to_pylist()
    wrong = [
        f"{row['document_id']}:{row['start_line']}-{row['end_line']}"
        for row in chunks
        if not row["start_line"] <= row["end_line"] <= length.get(row["document_id"], 0)
    ]
    return _none_of(wrong)


@dg.asset_check(
    asset=["corpus", "definitions"],
    name="registry_and_documents_agree",
    blocking=False,
    description="The registry repeats the canonical definition; two wordings of one definition are two definitions.",
)
def registry_and_documents_agree(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """The newest definition found in a document is the one that the registry gives."""
    names = ["pattern_id", "valid_from", "source", "text"]
    rows = sorted(lake.read("corpus/definitions", columns=names).to_pylist(), key=lambda row: row["valid_from"])
    newest = {row["pattern_id"]: row["text"] for row in rows if row["source"] == "document"}
    patterns = lake.read("registry/patterns", columns=["pattern_id", "definition"]).to_pylist()
    differ = [p["pattern_id"] for p in patterns if newest.get(p["pattern_id"], p["definition"]) != p["definition"]]
    return _none_of(differ, dg.AssetCheckSeverity.WARN)


@dg.asset_check(
    asset=["corpus", "findings"],
    name="every_document_could_be_read",
    blocking=False,
    description="A document that cannot be decoded or is too large takes part in no score.",
)
def every_document_could_be_read(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """No finding of severity error."""
    rows = lake.read("corpus/findings").to_pylist()
    unread = [f"{row['document_id']}: {row['detail']}" for row in rows if row["severity"] == "error"]
    return _none_of(unread, dg.AssetCheckSeverity.WARN)


@dg.asset_check(
    asset=["corpus", "findings"],
    name="no_statement_contradicts_another",
    blocking=False,
    description="A docstring says what its signature does, a description what its schema demands, and no two documents "
    "give one setting two defaults.",
)
def no_statement_contradicts_another(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    """No finding of two statements of which one is wrong."""
    rows = lake.read("corpus/findings").to_pylist()
    wrong = [
        f"{row['document_id']}:{row['line']}: {row['detail']}"
        for row in rows
        if row["kind"] == "contradicting_statements"
    ]
    return _none_of(wrong, dg.AssetCheckSeverity.WARN)


def _none_of(wrong: list[str], severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not wrong, severity=severity, metadata={"expected": 0, "actual": len(wrong), "which": wrong[:100]}
    )
