"""Each rule of the classes holds where it says so."""

import pytest

from semops_data.projection.gaps import classify
from semops_data.projection.machine import Machine, this_machine
from semops_data.projection.measure import Cost
from semops_data.projection.report import render

GIB = 2**30
MACHINE = Machine(2, 16 * GIB)


def costs(seconds=lambda s: 0.1 * s, gib=lambda _: 0.1, factors=(1, 2, 4, 8), failed=()):
    good = [Cost("toy/a", s, seconds(s), seconds(s), int(gib(s) * GIB), 0, 10) for s in factors]
    return good + [Cost("toy/a", s, reason="it was killed") for s in failed]


@pytest.mark.parametrize(
    ("measured", "grade", "why"),
    [
        (costs(), "clean", "time 10.00 s"),
        (costs(gib=lambda s: 0.5 * s), "blocking", "memory 50.00 GiB exceeds the machine's 16.00 GiB"),
        (costs(lambda s: 1000.0 * s), "blocking", "exceeds 24.00 h"),
        (costs(failed=(16,)), "blocking", "succeeded at x1, failed at x16: it was killed"),
        (costs(lambda s: 0.01 * s**2), "concerning", "time grows with exponent 2.00"),
        (costs(gib=lambda s: 0.1 + 0.09 * s), "concerning", "more than 50%"),
        (costs(lambda s: 50.0 * s), "concerning", "exceeds 1.00 h"),
        (costs(factors=(1,)), "unmeasured", "at least 2 factors"),
        (costs(factors=(), failed=(1, 2)), "unmeasured", "it was killed"),
        (costs(factors=(1, 2)), "clean", "provisional: only 2 factors"),
    ],
)
def test_the_first_rule_that_holds_decides(measured, grade, why):
    """A class without its reason cannot be argued with."""
    (gap,) = classify(measured, MACHINE)
    assert (gap.grade, why in gap.reason) == (grade, True), gap.reason


def test_the_report_shows_every_asset_and_every_measurement():
    """What failed stands beside what was measured; names cannot break the table."""
    measured = [*costs(), Cost("toy/b", 1, reason="a|b\n<c>")]
    text = render(classify(measured, MACHINE), measured, MACHINE, orders_per_day=100)
    assert "| toy/a | **clean** |" in text
    assert "a&#124;b &lt;c&gt;" in text
    assert len([line for line in text.splitlines() if line.startswith("| toy/")]) == 2 + len(measured)


def test_the_machine_has_processors_and_memory():
    """The limit of a container counts, not the host's memory."""
    machine = this_machine()
    assert machine.cpu_count >= 1
    assert machine.memory_bytes > 2**26
