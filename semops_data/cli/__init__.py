"""The same verbs from a shell: `dst ...`.

Belongs here: one module per command, what they print, and which exit code they end with.
Does not belong here: the work itself (a room does it), or anything heavy at module level: `dst --help` is instant.
Exit codes: 0 all well; 1 the work failed or a blocking check did; 2 wrong usage or configuration; 130 interrupted.
"""
