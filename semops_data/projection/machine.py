"""What this machine has: processors, and memory as far as this process may use it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Machine:
    """The machine that measurements were made on."""

    cpu_count: int
    memory_bytes: int


def this_machine() -> Machine:
    """Processors this process may run on, and the smaller of the machine's memory and its control group's limit."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in CGROUP_LIMITS:
        try:
            memory = min(memory, int(Path(limit).read_text()))
        except (OSError, ValueError):  # no control group, or `max`
            continue
    return Machine(len(os.sched_getaffinity(0)), memory)
