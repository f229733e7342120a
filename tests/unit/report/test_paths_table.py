"""Many pruning paths at one glance: rows that can be sorted, and the one that saves most, by hand-made answers."""

from dataclasses import replace

import pytest

from keepfaith.report.paths_table import paths_sentence, paths_table
from keepfaith.report.savings import Saving


def saving(
    model: str, kept: int, clear: int, parameters: float, degraded: tuple[str, ...] = ("ECE",)
) -> Saving:
    return Saving(model, "o", kept, clear, "", parameters, 2 * parameters, 1.25, degraded, clear + 1)  # fmt: skip


KEPT, DEEPER = saving("a", 2, 4, 0.05), saving("b", 3, 3, 0.08)
CLEAR, BROKEN = saving("c", 0, 5, 0.2), saving("d", 0, 0, 0.0)
PATHS = "pruning paths (a model and an order each)"
KEPT_UP_TO = "levels up to which all is shown to be kept"


@pytest.mark.parametrize(
    ("savings", "several", "expected"),
    [
        ([KEPT, CLEAR, DEEPER, BROKEN], True,
         f"2 of 4 {PATHS} have {KEPT_UP_TO} in the mean over tasks. Of these, b in the order o saves most: 8 % of the "
         "parameters and 16 % of the KV cache at level 3."),
        ([DEEPER, replace(DEEPER, model="e")], False,
         f"2 of 2 {PATHS} have {KEPT_UP_TO}. Of these, b in the order o saves most (and 1 other as much): 8 % of the "
         "parameters and 16 % of the KV cache at level 3."),
        ([KEPT, BROKEN], False,
         f"1 of 2 {PATHS} has {KEPT_UP_TO}. Of these, a in the order o saves most: 5 % of the parameters and 10 % "
         "of the KV cache at level 2."),
        ([CLEAR, BROKEN], False,
         f"None of 2 {PATHS} has {KEPT_UP_TO}. Of those without a degradation at the first level, c in the order o "
         "saves most: 20 % of the parameters and 40 % of the KV cache at level 5."),
        ([BROKEN], False,
         f"None of 1 {PATHS} has {KEPT_UP_TO}. On each, something is degraded at the first level."),
    ],
)  # fmt: skip
def test_what_is_kept_counts_before_what_is_saved(
    savings: list[Saving], several: bool, expected: str
) -> None:
    assert paths_sentence(savings, several=several) == expected


def test_each_path_is_a_row_of_numbers() -> None:
    table = paths_table([KEPT, saving("e", 4, 4, 0.1, degraded=())])
    texts = [[cell.text for cell in row] for row in table.rows]
    assert texts == [
        ["a, o", "2", "4", "5 %", "10 %", "1.25 x", "ECE at level 5"],
        ["e, o", "4", "4", "10 %", "20 %", "1.25 x", "nothing"],
    ]
    assert len(table.header) == 7
