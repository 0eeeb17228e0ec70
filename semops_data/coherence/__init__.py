"""Availability, consistency, stability and SC: does reality match intent?

Belongs here: the three dimensions as functions over arrays, their calibration, scores, hotspots and findings.
Does not belong here: reading documents (corpus), vectors (embeddings) or what intent is (registry).
Unmeasured is null with a reason, never 0 and never 1.
"""
