"""Facts: values that a document gives to one property of one named thing, such as the default of a parameter.

Belongs here: one module per kind of place that states facts (signatures and docstrings, schemas, SQL, prose and
tables), and what two places say differently about the same thing. Does not belong here: claims that need a vector or
a model to be compared. Nothing that is read is executed.
"""
