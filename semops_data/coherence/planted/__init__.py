"""How much the scores can see: faults planted into a corpus with a known answer, and nulls that must not be flagged.

Belongs here: choosing concepts, planting, measuring per kind and method, the page of the benchmark.
Does not belong here: the mutations themselves (planting) and the scores that are measured. The corpus is never changed.
"""
