"""Patterns and capabilities: the reference that coherence is measured against.

Belongs here: the registry file's format, its rules, its tables. Every error names file, line and remedy.
Does not belong here: documents and their history (`corpus/`), or how well a pattern does (`coherence/`).
"""
