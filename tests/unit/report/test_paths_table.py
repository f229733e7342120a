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
CHANCE = "The best of many paths is partly the best by chance."
FEW = "which also follows from too few texts."


@pytest.mark.parametrize(
    ("savings", "several", "expected"),
    [
        ([KEPT, CLEAR, DEEPER, BROKEN], True,
         f"2 of 4 {PATHS} have {KEPT_UP_TO} in the mean over tasks. The largest share of the parameters is saved by b "
         f"in the order o: 8.0 % of the parameters and 16.0 % of the KV cache at level 3. {CHANCE}"),
        ([DEEPER, replace(DEEPER, model="e"), replace(DEEPER, model="f", cache=0.0)], False,
         f"3 of 3 {PATHS} have {KEPT_UP_TO}. The largest share of the parameters is saved by b in the order o (2 "
         f"others save as much): 8.0 % of the parameters and 16.0 % of the KV cache at level 3. {CHANCE}"),
        ([KEPT, CLEAR, BROKEN], False,
         f"1 of 3 {PATHS} has {KEPT_UP_TO}. It is a in the order o, and saves 5.0 % of the parameters and 10.0 % of "
         "the KV cache at level 2."),
        ([CLEAR, BROKEN], False,
         f"None of 2 {PATHS} has {KEPT_UP_TO}. On 1 of them no degradation is shown at the first level, {FEW}"),
        ([BROKEN], False,
         f"None of 1 {PATHS} has {KEPT_UP_TO}. On each, degradation is shown at the first level."),
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
        ["a, o", "2", "4", "5.0 %", "10.0 %", "1.25 x", "level 5: ECE"],
        ["e, o", "4", "4", "10.0 %", "20.0 %", "1.25 x", "none shown"],
    ]
    assert len(table.header) == 7
