"""Chunks, sentences and patterns as vectors; the vector index.

Belongs here: encoders behind one seam, the content-addressed store of vectors, the index for people and agents.
Does not belong here: what a distance means (coherence) and how text is cut (corpus).
"""
