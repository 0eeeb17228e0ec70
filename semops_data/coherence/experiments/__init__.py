"""Ways to tell whether two texts contradict each other, compared on the same labelled pairs.

Belongs here: the labelled cases, the methods v1 to v5, what is measured of them, and their pages and plots.
Does not belong here: the methods' own insides (rules, contradiction, judges, embeddings), and thresholds of scores.
"""
