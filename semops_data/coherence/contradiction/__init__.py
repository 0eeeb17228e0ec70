"""The contradiction model: two sentences in, the probability that they cannot both be true out.

Belongs here: the network and its shipped adapter, how it is trained and judged, the cache of its verdicts.
Does not belong here: which sentences are held against a claim and what a verdict does to a score (consistency).
"""
