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
    """How many paths have a level at which all is kept, and the one of these that saves most.

    Where nothing is kept no path is named: the fewer the texts, the deeper the level up to which no degradation is
    shown.

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
    if not kept:
        clear = sum(saving.clear > 0 for saving in savings)
        if not clear:
            return f"{said} On each, degradation is shown at the first level."
        return (
            f"{said} On {clear} of them no degradation is shown at the first level, which also follows from too few "
            "texts."
        )
    most = max(kept, key=lambda saving: (saving.parameters, saving.cache))
    equal = sum(each.parameters == most.parameters for each in kept) - 1
    which = f"{most.model} in the order {most.order}"
    shares = f"{_share(most.parameters)} of the parameters and {_share(most.cache)} of the KV cache"
    saved = f"{shares} at level {most.level}"
    if len(kept) == 1:
        return f"{said} It is {which}, and saves {saved}."
    as_much = (
        f" ({equal} {'other saves' if equal == 1 else 'others save'} as much)" if equal else ""
    )
    return (
        f"{said} The largest share of the parameters is saved by {which}{as_much}: {saved}. The best of many paths is "
        "partly the best by chance."
    )


def paths_table(savings: Sequence[Saving]) -> PageTable:
    """One row per pruning path: the level of its answer, what it saves, and what is degraded first.

    Level 0 is the dense model. Fields of numbers begin with the number, so that the page can sort them.
    """
    return PageTable(TITLE, _HEADER, tuple(_row(saving) for saving in savings))


def _row(saving: Saving) -> tuple[TableCell, ...]:
    first = f"level {saving.degraded_at}: {', '.join(saving.degraded)}"
    texts = (
        f"{saving.model}, {saving.order}",
        str(saving.kept),
        str(saving.clear),
        _share(saving.parameters),
        _share(saving.cache),
        f"{saving.faster:.2f} x",
        first if saving.degraded else "none shown",
    )
    return tuple(TableCell(text) for text in texts)


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"
