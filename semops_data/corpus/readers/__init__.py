"""Kinds of documents behind one seam: `read(document_id, content)` gives blocks under headings, whatever the format.

Belongs here: one module per family of formats, each from text to blocks with the lines of the source.
Does not belong here: where files lie (`corpus.source`) and what becomes of blocks. Nothing that is read is executed.
"""
