"""The answer in a few sentences: what is kept how far, what breaks first, and what the recommended level saves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.figures.labels import component_name, method_name, quantity_name
from keepfaith.statistics.verdict import (
    DEGRADED,
    HARMED,
    KEPT,
    UNDECIDED,
    has_nothing_to_lose,
    level_before_gap,
    summary,
)

_NOISE = 0.1
"""By what share timings of the same model differ."""


@dataclass(frozen=True)
class Saving:
    """Answer of one model and order, and the savings at the level that can be recommended; 0 is the dense model.

    Attributes:
        kept: the level up to which all is shown to be kept, and `clear`: up to which no degradation is shown.
        sentence: the answer in words.
        parameters, cache: shares of the parameters and of the KV cache that the level saves.
        faster: how many times as fast it decodes after the longest prompt.
        degraded: names of the quantities that are degraded first, and `degraded_at` their level; 0 without any.
    """

    model: str
    order: str
    kept: int
    clear: int
    sentence: str
    parameters: float
    cache: float
    faster: float
    degraded: tuple[str, ...]
    degraded_at: int

    @property
    def level(self) -> int:
        """The level that can be recommended."""
        return self.kept or self.clear


def savings(
    verdicts: pl.DataFrame,
    pooled: Mapping[str, pl.DataFrame],
    efficiency: pl.DataFrame,
    orders: Mapping[str, pl.DataFrame] | None = None,
) -> list[Saving]:
    """The sentences of every model and order.

    The level is the deepest up to which all is shown to be kept or, if there is none, up to which no degradation is
    shown: of the mean over tasks, where there are several.

    Args:
        verdicts: VERDICT of all cells with leading columns model, order and task.
        pooled: POOLED by pruning path, `model/order`; without rows for one task.
        efficiency: EFFICIENCY of all pruning paths with leading columns model and order.
        orders: ORDER by pruning path, for the kinds of the dropped components; without it they are called layers.
    """
    found = []
    for model, order in verdicts.select("model", "order").unique(maintain_order=True).rows():
        means = pooled.get(f"{model}/{order}")
        rows, place = verdicts.filter(model=model, order=order), ""
        if means is not None and means.height:
            rows = means.filter(pl.col("left_out").is_null())
            place = " in the mean over tasks"
        measured = efficiency.filter(model=model, order=order)
        if rows.height and measured.height:
            ranked = (orders or {}).get(f"{model}/{order}")
            found.append(_saving(model, order, rows, measured, place, ranked))
    return found


def _saving(
    model: str,
    order: str,
    rows: pl.DataFrame,
    measured: pl.DataFrame,
    place: str,
    ranked: pl.DataFrame | None,
) -> Saving:
    answer = summary(rows)
    level = answer.safe or answer.clear
    longest = measured.filter(pl.col("context_tokens") == measured["context_tokens"].max())
    dense, pruned = (
        longest.row(by_predicate=pl.col("level") == at, named=True) for at in (0, level)
    )
    parameters, cache = (
        1 - pruned[name] / dense[name] for name in ("parameters", "cache_bytes_per_token")
    )
    faster = pruned["decode_tokens_per_second"] / dense["decode_tokens_per_second"]
    first = _degraded_first(rows)
    at = min(first, default=0)
    why = ("all is shown to be kept" if answer.safe else "no degradation is shown") + place
    varying = (
        "timings vary by about a tenth"
        if abs(faster - 1) >= _NOISE
        else "within the tenth by which timings vary"
    )
    recommended = (
        f"Level {level} ({dropped_words(ranked, level)}), the deepest up to which {why}, saves "
        f"{100 * parameters:.0f} % of the parameters and {100 * cache:.0f} % of the KV cache; after a prompt of "
        f"{dense['context_tokens']} tokens it decodes {faster:.2f} times as fast ({varying})."
        if level
        else f"No level can be recommended: something is degraded{place} at the first one."
    )
    said = [*_kept(rows, place), *_worse(rows, level or answer.levels[0]), *_run(rows), recommended]
    return Saving(
        model=model,
        order=order,
        kept=answer.safe,
        clear=answer.clear,
        sentence=" ".join(said),
        parameters=parameters,
        cache=cache,
        faster=faster,
        degraded=tuple(first.get(at, ())),
        degraded_at=at,
    )


def dropped_words(order: pl.DataFrame | None, level: int) -> str:
    """`2 of 30 attention layers dropped`; `2 dropped layers` where no ORDER says which.

    Examples:
        >>> order = pl.DataFrame({"position": [1, 2, 3], "component": ["attention", "mlp", "attention"]})
        >>> dropped_words(order, 2)
        '1 of 2 attention layers and 1 of 1 MLP layers dropped'
    """
    if order is None or order.is_empty():
        return f"{level} dropped {'layer' if level == 1 else 'layers'}"
    counts = order.sort("position").group_by("component", maintain_order=True)
    found = counts.agg((pl.col("position") <= level).sum().alias("dropped"), pl.len().alias("all"))
    parts = [
        f"{dropped} of {every} {component_name(component)}{'s' if component == 'block' else ' layers'}"
        for component, dropped, every in found.rows()
        if dropped
    ]
    return f"{' and '.join(parts)} dropped"


def _kept(rows: pl.DataFrame, place: str) -> Iterable[str]:
    """Where each quantity is shown to be kept, its methods apart where they differ; and where each is degraded first.

    `place`: what the rows are, where that is not a single task.
    """
    kept: dict[str, list[str]] = {}
    reached: dict[str, int] = {}
    never: dict[bool, list[str]] = {True: [], False: []}  # by whether more texts could keep them
    levels = rows["level"].unique().sort().to_list()
    for (quantity,), of in rows.group_by("quantity", maintain_order=True):
        name, alike = quantity_name(str(quantity)), _by_levels(of)
        for (at, few), methods in alike.items():
            told = f"{name} ({', '.join(methods)})" if len(alike) > 1 else name
            if at:
                where = _where(at, levels)
                kept.setdefault(where, []).append(told)
                reached[where] = level_before_gap(levels, at)
            else:
                never[few].append(told)
    deepest_first = sorted(kept, key=lambda where: reached[where], reverse=True)
    if parts := [f"{', '.join(kept[where])} {where}" for where in deepest_first]:
        yield f"Shown to be kept{place}: {'; '.join(parts)}."
    yield from _never(never[True], never[False], place, something=bool(parts))
    if first := _degraded_first(rows):
        parts = [f"{', '.join(first[level])} first at level {level}" for level in sorted(first)]
        yield f"Shown to be worse{place} by more than the margin (degraded): {'; '.join(parts)}."
    else:
        yield f"Nothing is shown to be worse{place} by more than its margin."


def _never(few: list[str], others: list[str], place: str, *, something: bool) -> Iterable[str]:
    """What is kept at no level: for lack of examples perhaps, or not; its names, where something else is kept."""
    perhaps = "perhaps for lack of texts"
    if not something:
        named = f"; of {', '.join(few)}, {perhaps}"
        why = "" if not few else named if others else f", {perhaps}"
        yield f"Nothing is shown to be kept{place} at any level{why}."
    elif few or others:
        parts = [f"{', '.join(few)}, {perhaps}"] if few else []
        yield f"At no level: {'; '.join([*parts, *([', '.join(others)] if others else [])])}."


def _degraded_first(rows: pl.DataFrame) -> dict[int, list[str]]:
    """Names of the quantities by the first level at which any of their methods is degraded."""
    first: dict[int, list[str]] = {}
    for (quantity,), of in rows.group_by("quantity", maintain_order=True):
        degraded = of.filter(status=DEGRADED)["level"].min()
        if isinstance(degraded, int):
            first.setdefault(degraded, []).append(quantity_name(str(quantity)))
    return first


def _by_levels(rows: pl.DataFrame) -> dict[tuple[tuple[int, ...], bool], list[str]]:
    """Methods of a quantity by the levels that are kept and, at none, by whether more texts could keep them."""
    first = rows["level"].min()
    found: dict[tuple[tuple[int, ...], bool], list[str]] = {}
    for (method,), own in rows.group_by("method", maintain_order=True):
        at = tuple(own.filter(status=KEPT)["level"].sort().to_list())
        lacks = not at and _may_lack_texts(own.filter(pl.col("level") == first))
        found.setdefault((at, lacks), []).extend([method_name(str(method))] if method else [])
    return found


def _may_lack_texts(rows: pl.DataFrame) -> bool:
    """Whether a quantity could be kept with more texts: it is not shown to be worse, and has something to lose.

    Args:
        rows: of VERDICT or POOLED at one level.
    """
    lost = has_nothing_to_lose(rows)
    worse = rows["status"].is_in([HARMED, DEGRADED])
    open_ = (rows["status"] == UNDECIDED) & rows["harm"].is_not_null()
    return bool(open_.any() and not worse.any() and not lost.any())


def _where(kept: tuple[int, ...], levels: list[int]) -> str:
    """`up to level 3`; levels by their numbers, where some were not run or one before is not kept.

    Args:
        kept: the levels that are kept, at least one.
        levels: all that were run.
    """
    if kept == tuple(range(1, kept[-1] + 1)):
        return f"up to level {kept[-1]}"
    alone = "" if level_before_gap(levels, kept) == kept[-1] else " alone"
    return f"at {'level' if len(kept) == 1 else 'levels'} {level_words(kept)}{alone}"


def _worse(rows: pl.DataFrame, level: int) -> Iterable[str]:
    """Harm within the levels up to `level`, with its size; the level of the answer, or the first."""
    harmed = rows.filter(pl.col("status") == HARMED, pl.col("level") <= level).sort("level")
    parts = [
        f"{quantity_name(row['quantity'], row['method'])} at level {row['level']} (by {row['harm']:.3f}, margin "
        f"{row['margin']:g})"
        for row in harmed.iter_rows(named=True)
    ]
    if parts:
        yield f"Shown to be worse, not shown to be by more than the margin (harmed): {', '.join(parts)}."


def _run(rows: pl.DataFrame) -> Iterable[str]:
    levels = rows["level"].unique().sort().to_list()
    if levels != list(range(1, levels[-1] + 1)):
        yield f"Levels that were run: {level_words(levels)}."
