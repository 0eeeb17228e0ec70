"""The knowledge documents, versioned, cut into chunks.

Belongs here: reading folders, git repositories and bundles with their history; Markdown to blocks, chunks and
sentences; the history of each pattern's definition; what could not be read.
Does not belong here: vectors (`embeddings/`) and verdicts (`coherence/`). A document is never repaired.
"""
