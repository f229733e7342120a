"""The answers of many pruning paths at one glance: which saves most, and a row for each."""

from collections.abc import Sequence

from keepfaith.report.savings import Saving
from keepfaith.report.tables import PageTable, TableCell

PATHS_AT_ONCE = 4
"""Most pruning paths whose answers the page gives in words, one below the other, before everything else."""

TITLE = "How far each model can be pruned in each order"
_HEADER = (
    "Model, order",
    "All shown to be kept up to level",
    "No degradation shown up to level",
    "Parameters saved",
    "KV cache saved",
    "Decoding speed",
    "Degraded first",
)


def paths_sentence(savings: Sequence[Saving], *, several: bool) -> str:
    """How many paths have a level at which all is kept, and the one that saves most.

    Args:
        savings: of all pruning paths, at least one.
        several: whether they are judged in the mean over several tasks.
    """
    place = " in the mean over tasks" if several else ""
    kept = [saving for saving in savings if saving.kept]
    said = (
        f"{len(kept) or 'None'} of {len(savings)} pruning paths (a model and an order each) "
        f"{'have' if len(kept) > 1 else 'has'} levels up to which all is shown to be kept{place}."
    )
    clear = [saving for saving in savings if saving.level]
    if not clear:
        return f"{said} On each, something is degraded at the first level."
    most = max(kept or clear, key=lambda saving: saving.parameters)
    equal = sum(saving.parameters == most.parameters for saving in kept or clear) - 1
    which = "these" if kept else "those without a degradation at the first level"
    as_much = f" (and {equal} {'other' if equal == 1 else 'others'} as much)" if equal else ""
    return (
        f"{said} Of {which}, {most.model} in the order {most.order} saves most{as_much}: {_share(most.parameters)} of "
        f"the parameters and {_share(most.cache)} of the KV cache at level {most.level}."
    )


def paths_table(savings: Sequence[Saving]) -> PageTable:
    """One row per pruning path: the level of its answer, what it saves, and what is degraded first.

    Level 0 is the dense model. Numbers begin a field, so that the page can sort them.
    """
    return PageTable(TITLE, _HEADER, tuple(_row(saving) for saving in savings))


def _row(saving: Saving) -> tuple[TableCell, ...]:
    first = f"{', '.join(saving.degraded)} at level {saving.degraded_at}"
    texts = (
        f"{saving.model}, {saving.order}",
        str(saving.kept),
        str(saving.clear),
        _share(saving.parameters),
        _share(saving.cache),
        f"{saving.faster:.2f} x",
        first if saving.degraded else "nothing",
    )
    return tuple(TableCell(text) for text in texts)


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"
