"""Sections for the model cards of the levels that a study recommends."""

from collections.abc import Mapping, Sequence

import polars as pl

from keepfaith.report.card import TaskResult, what_it_cost
from keepfaith.report.page import ReportCell, orders_of, verdicts_of
from keepfaith.report.savings import savings


def card_sections(
    cells: Sequence[ReportCell], pooled: Mapping[str, pl.DataFrame], efficiency: pl.DataFrame
) -> str:
    """Markdown: for every model and order the answer, and what its level cost, to be put into a model card.

    Args:
        cells: of the report; those of checkpoints are left out, as each is a model of its own.
        pooled: POOLED by pruning path, `model/order`; without rows for one task.
        efficiency: EFFICIENCY of all pruning paths with leading columns model and order.
    """
    in_sequence = [cell for cell in cells if not cell.tables.names]
    lines = ["# For the model cards of pruned models", ""]
    for saving in savings(verdicts_of(in_sequence), pooled, efficiency, orders_of(cells)):
        means = pooled.get(f"{saving.model}/{saving.order}")
        results = [
            TaskResult(cell.task, cell.tables.metrics, cell.tables.verdict)
            for cell in in_sequence
            if (cell.model, cell.order) == (saving.model, saving.order)
        ]
        lines += [
            f"# {saving.model}, order {saving.order}, level {saving.level}",
            "",
            saving.sentence,
            "",
        ]
        if saving.level:
            lines += [
                *what_it_cost(
                    saving.level, results, None if means is None or means.is_empty() else means
                ),
                "",
                "Measured with keepfaith. `snakemake export` with `export: "
                f"{{levels: [{saving.level}]}}` writes the weights of this level, with a card of their own.",
                "",
            ]
    return "\n".join(lines)
