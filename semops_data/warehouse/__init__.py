"""What analysts query in Snowflake: dimensions, facts and marts.

Belongs here: the connection, the DDL of the contracts, the load of one partition, the marts' SQL, and the embedded
emulator that stands in for an account. Does not belong here: cleaning (the lakehouse's), or what a column means
(the contracts').
"""
