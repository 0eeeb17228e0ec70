"""The working-backwards audit: from a mart's metric back to its source, until the meaning breaks.

Belongs here: the layers (`mart`, `aggregation`, `transform`, `schema`, `source`), what each holds against what, and
the walk. Does not belong here: repairing anything; an audit reads, and says where definition and data part.
"""
