"""Raw objects, exactly as synthesised.

Belongs here: the object store, the format and the place of each landed object, and landing a day.
Does not belong here: typing, repairing or dropping a row; the lakehouse does that, with a reason.
"""
