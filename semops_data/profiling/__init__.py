"""What the data look like, and how that changed since earlier days.

Belongs here: profiles of tables, partitions and files in bounded memory, their comparison, their pictures, reports.
Does not belong here: verdicts on the data (the lakehouse quarantines) or on their meaning (coherence judges).
"""

from semops_data.profiling.profile import ColumnProfile, Profile, profile, profile_file
from semops_data.profiling.report import html_report, render_html
from semops_data.synthesis.fit.extra import MissingExtraError

__all__ = [
    "ColumnProfile",
    "MissingExtraError",
    "Profile",
    "html_report",
    "profile",
    "profile_file",
    "render_html",
]
