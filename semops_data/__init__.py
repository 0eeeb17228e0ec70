"""semops-data: does our knowledge still mean what we think it means?

Read the rooms in this order: contracts (what tables mean), synthesis -> landing -> lakehouse -> warehouse
(the business), profiling (what its data looks like), registry -> corpus -> embeddings -> coherence (the
meaning), then what watches them: lineage, tracking, episodes, projection. `resources` turns configuration
into plain objects, `definitions` wires everything, `cli` is the same from a shell.
"""

__version__ = "0.1.0"
