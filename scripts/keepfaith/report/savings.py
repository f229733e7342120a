"""The answer in a few sentences: how far, what breaks first, and what the level that can be recommended saves."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.report.answer import finding
from keepfaith.statistics.verdict import summary


@dataclass(frozen=True)
class Saving:
    """Answer of one model and order, and the savings at the level that can be recommended; 0 is the dense model."""

    model: str
    order: str
    level: int
    sentence: str


def savings(
    verdicts: pl.DataFrame, pooled: Mapping[str, pl.DataFrame], efficiency: pl.DataFrame
) -> list[Saving]:
    """The sentences of every model and order.

    The level is the deepest up to which all is shown to be kept or, if there is none, up to which no degradation is
    shown: of the mean over tasks, where there are several.

    Args:
        verdicts: VERDICT of all cells with leading columns model, order and task.
        pooled: POOLED by pruning path, `model/order`; without rows for one task.
        efficiency: EFFICIENCY of all pruning paths with leading columns model and order.
    """
    found = []
    for model, order in verdicts.select("model", "order").unique(maintain_order=True).rows():
        means = pooled.get(f"{model}/{order}")
        rows = verdicts.filter(model=model, order=order)
        if means is not None and means.height:
            rows = means.filter(pl.col("left_out").is_null())
        measured = efficiency.filter(model=model, order=order)
        if rows.height and measured.height:
            answer = summary(rows)
            level = answer.safe or answer.clear
            found.append(Saving(model, order, level, _sentences(rows, level, measured)))
    return found


def _sentences(rows: pl.DataFrame, level: int, measured: pl.DataFrame) -> str:
    found, answer = finding(rows), summary(rows)
    if not level:
        return f"No level can be recommended: at the first one, level {answer.breaks_at}, {found.broken}."
    if answer.safe:
        said = f"Up to level {level} everything that is judged is shown to be kept."
        if answer.clear > answer.safe:
            said += f" Up to level {answer.clear} no degradation is shown."
    else:
        said = (
            f"No pruned level is shown to keep everything that is judged. Up to level {level} no degradation is shown, "
            "which may be for lack of examples."
        )
    if answer.breaks_at is not None:
        said += f" At level {answer.breaks_at} {found.broken}."
    if answer.levels != tuple(range(1, answer.deepest + 1)):
        said += f" Levels that were run: {level_words(answer.levels)}."
    return f"{said} {_saved_at(level, measured)}"


def _saved_at(level: int, measured: pl.DataFrame) -> str:
    longest = measured.filter(pl.col("context_tokens") == measured["context_tokens"].max())
    dense, pruned = (
        longest.row(by_predicate=pl.col("level") == at, named=True) for at in (0, level)
    )
    faster = pruned["decode_tokens_per_second"] / dense["decode_tokens_per_second"]
    return (
        f"Level {level} saves {_saved(dense, pruned, 'parameters')} of the parameters and "
        f"{_saved(dense, pruned, 'cache_bytes_per_token')} of the KV cache, and decodes {faster:.2f} times as fast as "
        f"the dense model after a prompt of {dense['context_tokens']} tokens."
    )


def _saved(dense: Mapping[str, float], pruned: Mapping[str, float], column: str) -> str:
    return f"{100 * (1 - pruned[column] / dense[column]):.0f} %"
