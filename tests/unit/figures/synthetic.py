"""Schema-valid tables with plausible shapes: accuracy falls late, explanations drift early."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import (
    ATTRIBUTIONS,
    CURVES,
    EFFICIENCY,
    EXAMPLES,
    METRICS,
    ORDER,
    OVERLAP,
    POOLED,
    PREDICTIONS,
    RELIABILITY,
    SEGMENT_CURVES,
    STABILITY,
    SWAP,
    VERDICT,
    TableSchema,
)
from keepfaith.artifacts.tables import conform
from keepfaith.figures.cell_tables import CellTables

METHODS = ("input_x_gradient", "kernelshap", "lime", "random")
CONTROLS = ("random",)
FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5)
OPERATORS = ("retokenise", "delete")
MARGINS = {
    "accuracy": 0.02,
    "ece": 0.02,
    "brier": 0.02,
    "comprehensiveness": 0.05,
    "sufficiency": 0.05,
}
PROMPT = "The film was not good, but the acting held me.\nQuestion: Is this review positive or negative?\nAnswer:"


def table(rows: list[dict[str, object]], schema: TableSchema) -> pl.DataFrame:
    """Rows as a checked frame; columns that a row lacks are null."""
    full = [{name: row.get(name) for name in schema.columns} for row in rows]
    return conform(pl.DataFrame(full, schema=dict(schema.columns)), schema)


def cell(
    deepest: int = 4,
    layers: int = 8,
    methods: tuple[str, ...] = METHODS,
    seed: int = 0,
    controls: tuple[str, ...] = CONTROLS,
    levels: Sequence[int] | None = None,
) -> CellTables:
    """All tables of one cell; `controls` are those of `methods` that have this role.

    `levels`: those that were run, all up to `deepest` unless given.
    """
    random = np.random.default_rng(seed)
    levels = levels or range(deepest + 1)
    tested = tuple(method for method in methods if method not in controls)
    return CellTables(
        metrics=metrics(levels, methods, random, controls),
        reliability=reliability(levels, random),
        curves=curves(levels, methods, random, controls),
        overlap=overlap(levels, methods, random, controls),
        segment_curves=segment_curves(levels, tested),
        swap=swap(levels, tested),
        verdict=verdict(levels, methods, controls),
        order=order(layers, random),
        chance=0.5,
    )


def decline(level: int, deepest: int) -> float:
    """0 at the dense model, 1 at the deepest level, most of it late."""
    return (level / max(deepest, 1)) ** 2


def role(method: str, controls: tuple[str, ...]) -> str:
    return "control" if method in controls else "method"


def metrics(
    levels: Sequence[int],
    methods: tuple[str, ...],
    random: np.random.Generator,
    controls: tuple[str, ...] = CONTROLS,
) -> pl.DataFrame:
    deepest = levels[-1]
    rows: list[dict[str, object]] = []

    def add(level: int, dense: float, value: float, spread: float, **columns: object) -> None:
        change = value - dense
        shift = spread if level else 0.0
        seeded = columns.get("method") not in (None, "input_x_gradient")
        rows.append({
            "level": level, "value": value, "low": value - spread, "high": value + spread, "change": change,
            "change_low": change - shift, "change_high": change + shift, "p_value": 0.04,
            "examples": 500, "clusters": 500,
            "seed_low": value - spread / 2 if seeded else None,
            "seed_high": value + spread / 2 if seeded else None, **columns,
        })  # fmt: skip

    for level in levels:
        loss = decline(level, deepest) + random.normal(0, 0.02) * (level > 0)
        for metric, dense, slope in (
            ("accuracy", 0.91, -0.3), ("mean_confidence", 0.88, -0.1), ("brier", 0.14, 0.3), ("nll", 0.3, 0.5),
        ):  # fmt: skip
            family = "accuracy" if metric == "accuracy" else "calibration"
            add(level, dense, dense + slope * loss, 0.02, family=family, metric=metric)
        add(level, 0.035, 0.035 + 0.15 * loss, 0.02, family="calibration", metric="ece",
            reference_low=0.005, reference_high=0.03)  # fmt: skip
        add(level, 1.3, 1.3 + loss, 0.2, family="calibration", metric="temperature")
        for metric, slope in (("ece_tempered", 0.02), ("ece_tempered_as_dense", 0.1)):
            add(level, 0.03, 0.03 + slope * loss, 0.02, family="calibration", metric=metric,
                reference_low=0.01, reference_high=0.05)  # fmt: skip
        add(
            level,
            0.02,
            0.02 + 0.13 * loss,
            0.0,
            family="calibration",
            metric="exact_calibration_error",
        )
        add(level, 0.95, 0.95, 0.0, family="accuracy", metric="bayes_accuracy")
        for metric in ("nothing_to_explain", "flipped", "additive_share"):
            add(level, 0.1, 0.1 + loss / 4, 0.02, family="coalitions", metric=metric)
        for method in methods:
            strength = 0.02 if method in controls else 1.0 - 0.1 * methods.index(method)
            for operator in OPERATORS:
                for ranking in ("method",) if method in controls else ("method", "reversed"):
                    sign = 1.0 if ranking == "method" else -0.3
                    for kind, dense, slope in (
                        ("comprehensiveness", 0.32, -0.2),
                        ("sufficiency", 0.12, 0.15),
                    ):
                        for aggregate, factor in (("study", 5 / 6), ("eraser", 1.0)):
                            base = dense * strength * sign * factor
                            add(level, base, base * (1 + slope * loss * 3), 0.012, family="faithfulness",
                                metric=f"{kind}_{aggregate}", method=method, role=role(method, controls),
                                operator=operator, ranking=ranking)  # fmt: skip
                            if controls and ranking == "method" and method not in controls:
                                add(level, base, base, 0.012, family="faithfulness", method=method, role="method",
                                    metric=f"{kind}_{aggregate}_beyond_controls", operator=operator,
                                    ranking=ranking)  # fmt: skip
            if method not in controls:
                by_segments(add, level, loss, method, strength)
                add(level, 0.6 * strength, strength * (0.6 - 0.2 * loss), 0.03, family="faithfulness",
                    metric="r_precision", method=method, role="method", ranking="method", reference_low=0.18,
                    reference_high=0.22)  # fmt: skip
    return table(rows, METRICS)


def by_segments(
    add: Callable[..., None], level: int, loss: float, method: str, strength: float
) -> None:
    """Rows of one method that follow from the table of coalitions, and of the agreement of its seeds."""
    known = {"family": "coalitions", "method": method, "role": "method"}
    add(level, 0.8 * strength, strength * (0.8 - 0.3 * loss), 0.03, metric="segment_faithfulness",
        reference_low=0.0, reference_high=0.0, **known)  # fmt: skip
    add(level, 0.3, 0.3 * (1 - loss / 2), 0.03, metric="raw_comprehensiveness",
        reference_low=0.1, reference_high=0.1, **known)  # fmt: skip
    add(level, 1.0, 1 - 0.4 * loss, 0.02, metric="drift_correlation", **known)
    if level:
        add(level, 0.0, -0.2 * loss, 0.03, metric="explanation_effect", **known)
        add(level, 0.0, -0.1 * loss, 0.03, metric="judge_effect", **known)
    if method != "input_x_gradient":
        seeds = known | {"family": "reliability"}
        add(level, 0.92, 0.92, 0.03, metric="seed_correlation", **seeds)
        add(level, 0.5, 0.5, 0.03, metric="segment_seed_correlation", **seeds)
        add(
            level,
            0.4,
            0.4,
            0.03,
            metric="seed_overlap",
            reference_low=0.3,
            reference_high=0.3,
            **seeds,
        )
        add(level, 0.8, 0.8, 0.1, metric="draws_needed", **seeds)


def segment_curves(levels: Sequence[int], methods: tuple[str, ...]) -> pl.DataFrame:
    """Every method between chance and the best order."""
    rows: list[dict[str, object]] = []
    strengths = {"best": 1.0, "chance": 0.0} | {
        method: 1 - place / len(methods) for place, method in enumerate(methods)
    }
    for level in levels:
        for name, strength in strengths.items():
            for kind in ("removal", "retention"):
                for step in range(11):
                    share = step / 10
                    bend = share ** (1 - 0.6 * strength)
                    lost = 2 * (bend if kind == "removal" else 1 - bend) / (1 + level / 4)
                    rows.append({
                        "level": level, "operator": "delete", "method": name, "kind": kind, "fraction": share,
                        "role": "limit" if name in ("best", "chance") else "method", "value_lost": lost,
                        "probability_lost": lost / 4, "examples": 200,
                    })  # fmt: skip
    return table(rows, SEGMENT_CURVES)


def swap(levels: Sequence[int], methods: tuple[str, ...]) -> pl.DataFrame:
    """Explanations pale with the level that explains, and judges with the level that judges."""
    deepest = levels[-1]
    rows: list[dict[str, object]] = [
        {
            "explaining": a, "judging": b, "example_id": "one", "operator": "delete", "method": method,
            "role": "method", "seed": 0, "target": 0, "flipped": False,
            "faithfulness": 0.9 - 0.4 * decline(a, deepest) - 0.2 * decline(b, deepest),
        }
        for method in methods
        for a in levels
        for b in levels
    ]  # fmt: skip
    return table(rows, SWAP)


def reliability(levels: Sequence[int], random: np.random.Generator) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for level in levels:
        for place in range(10):
            lower = place / 10
            count = 0 if place < 5 else int(random.integers(5, 60)) + 30 * (place - 5)
            confidence = lower + 0.05
            accuracy = float(np.clip(confidence - 0.03 * level + random.normal(0, 0.03), 0, 1))
            rows.append({
                "level": level, "bin": place, "lower": lower, "upper": lower + 0.1, "count": count,
                "confidence": confidence if count else None, "accuracy": accuracy if count else None,
            })  # fmt: skip
    return table(rows, RELIABILITY)


def curves(
    levels: Sequence[int],
    methods: tuple[str, ...],
    random: np.random.Generator,
    controls: tuple[str, ...] = CONTROLS,
) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for level in levels:
        for method in methods:
            for ranking in ("method",) if method in controls else ("method", "reversed"):
                for operator in OPERATORS:
                    for kind in ("comprehensiveness", "sufficiency"):
                        for fraction in FRACTIONS:
                            gain = (
                                0.15 if method in controls else 0.6 if ranking == "method" else -0.1
                            )
                            rise = fraction if kind == "comprehensiveness" else 0.6 - fraction
                            rows.append({
                                "level": level, "method": method, "role": role(method, controls),
                                "ranking": ranking, "operator": operator, "kind": kind, "fraction": fraction,
                                "examples": 200,
                                "value": gain * rise * (1 - 0.1 * level) + random.normal(0, 0.01),
                                "seed_sd": None if method == "input_x_gradient" else 0.012,
                            })  # fmt: skip
    return table(rows, CURVES)


def overlap(
    levels: Sequence[int],
    methods: tuple[str, ...],
    random: np.random.Generator,
    controls: tuple[str, ...] = CONTROLS,
) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for method in methods:
        for top, chance in ((5, 0.12), (10, 0.25), (20, 0.5)):
            for a in levels:
                for b in levels:
                    shared = (
                        max(chance, 0.9 - 0.12 * abs(a - b)) if method not in controls else chance
                    )
                    seeded = method != "input_x_gradient"
                    rows.append({
                        "method": method, "role": role(method, controls), "top": top, "level_a": a, "level_b": b,
                        "overlap": 1.0 if a == b else shared + random.normal(0, 0.005),
                        "floor": 0.55 + 0.1 * (top / 20) if seeded else None, "chance": chance,
                        "examples": 200,
                    })  # fmt: skip
    return table(rows, OVERLAP)


def verdict(
    levels: Sequence[int], methods: tuple[str, ...], controls: tuple[str, ...] = CONTROLS
) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    deepest = levels[-1]
    watched: list[tuple[str, str | None]] = [("accuracy", None), ("ece", None), ("brier", None)]
    watched += [
        (kind, method)
        for kind in ("comprehensiveness", "sufficiency")
        for method in methods
        if method not in controls
    ]
    for place, (quantity, method) in enumerate(watched):
        for level in levels:
            if level == 0:
                continue
            harm = decline(level, deepest) * (0.05 + 0.012 * place)
            margin = MARGINS[quantity]
            low, high = harm - 0.015, harm + 0.015
            status = (
                "kept"
                if high <= margin
                else "degraded"
                if low > margin
                else "harmed"
                if low > 0
                else "undecided"
            )
            rows.append({
                "level": level, "quantity": quantity, "method": method, "harm": harm, "harm_low": low,
                "harm_high": high, "margin": margin, "p_value": 0.03, "status": status,
                "examples": 200, "clusters": 200, "spread": 0.09, "decidable": 0.018, "detectable": margin + 0.024,
                "enough": 160,
            })  # fmt: skip
    return table(rows, VERDICT)


def pooled(verdict: pl.DataFrame, tasks: int = 3) -> pl.DataFrame:
    """Means over tasks with the harms and statuses of one verdict, the same without the first task."""
    rows: list[dict[str, object]] = [
        row | {
            "left_out": left_out, "tasks": tasks - (left_out is not None), "clusters": 500, "heterogeneity": 0.2,
            "worst_task": "passage", "worst_harm": 2 * row["harm"], "worst_status": "undecided", "kept_tasks": 0,
            "degraded_tasks": 0, "measured_tasks": tasks - (left_out is not None),
        }
        for left_out in (None, "sentiment")
        for row in verdict.iter_rows(named=True)
    ]  # fmt: skip
    return table(rows, POOLED)


def order(layers: int, random: np.random.Generator) -> pl.DataFrame:
    scores = np.sort(random.uniform(0.86, 0.995, layers))[::-1]
    placed = random.permutation(layers)
    rows: list[dict[str, object]] = [
        {
            "position": place + 1,
            "layer": int(layer),
            "component": "attention",
            "score": float(score),
        }
        for place, (layer, score) in enumerate(zip(placed, scores, strict=True))
    ]
    return table(rows, ORDER)


def efficiency(levels: Iterable[int]) -> pl.DataFrame:
    """Everything falls by 5 % of the dense model per level."""
    rows: list[dict[str, object]] = [
        {
            "level": level, "context_tokens": context, "parameters": 10_000 - 500 * level,
            "weight_bytes": 40_000 - 2_000 * level, "disk_bytes": 40_000 - 2_000 * level,
            "cache_bytes_per_token": 512.0 - 25.6 * level,
            "cache_bytes_per_token_expected": 512.0 - 25.6 * level,
            "prefill_seconds": context * (0.001 - 0.00005 * level),
            "prefill_operations": context * (1e6 - 2e4 * level),
            "decode_tokens_per_second": 50.0 / (1 - 0.05 * level),
            "decode_bytes": 40_000.0 - 1_500 * level + 512.0 * context,
            "loading_peak_bytes": 50_000 - 2_000 * level, "peak_bytes": 60_000 - 2_000 * level,
        }
        for level in levels
        for context in (16, 64)
    ]  # fmt: skip
    return table(rows, EFFICIENCY)


def stability(layers: int, random: np.random.Generator) -> pl.DataFrame:
    """Orders of five draws, alike at the top and mixed below."""
    frames = []
    for samples in (2, 4, 8):
        for seed in range(5):
            ranked = np.argsort(np.arange(layers) + random.normal(size=layers) * 8 / samples)
            rows: list[dict[str, object]] = [
                {
                    "seed": seed, "samples": samples, "position": place, "layer": int(layer),
                    "component": "attention", "score": 0.1 * place,
                }
                for place, layer in enumerate(ranked, start=1)
            ]  # fmt: skip
            frames.append(table(rows, STABILITY))
    return pl.concat(frames)


def spans(prompt: str) -> list[tuple[int, int]]:
    """Character spans of words with the space before them, as a tokenizer might give them."""
    found, start = [], 0
    for place, character in enumerate(prompt):
        if character.isspace() and place > start:
            found.append((start, place))
            start = place
    return [*found, (start, len(prompt))]


def explained(
    count: int = 5, deepest: int = 4, prompt: str = PROMPT, seed: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """EXAMPLES, PREDICTIONS and ATTRIBUTIONS (KernelSHAP and LIME, two seeds) of `count` explained examples."""
    random = np.random.default_rng(seed)
    examples: list[dict[str, object]] = []
    predictions: list[dict[str, object]] = []
    attributions: list[dict[str, object]] = []
    for row in range(count):
        name = f"example-{row}"
        examples.append({
            "example_id": name, "row": row, "prompt": prompt,
            "fields": [{"name": "text", "start": 0, "end": prompt.index("\n") if "\n" in prompt else len(prompt)}],
            "options": [" negative", " positive"], "label": row % 2,
            "rationale": [{"start": 13, "end": 21}], "posterior": [0.9, 0.1],
            "evaluation": True, "explanation": True, "tuning": False,
        })  # fmt: skip
        dense = random.normal(0, 1, len(spans(prompt)))
        for level in range(deepest + 1):
            margin = (2.0 - 0.9 * level * (row == 2)) * (1 if row % 2 else -1)
            for option, value in enumerate((-1.0 - margin / 2, -1.0 + margin / 2)):
                predictions.append({
                    "level": level, "example_id": name, "option": option, "log_likelihood": value, "tokens": 1,
                })  # fmt: skip
            drift = random.normal(0, 0.1 * level * (1 + row), len(dense))
            for method in ("kernelshap", "lime"):
                for repetition in (0, 1):
                    for feature, (start, end) in enumerate(spans(prompt)):
                        attributions.append({
                            "level": level, "example_id": name, "method": method, "role": "method", "seed": repetition,
                            "target": int(margin > 0), "feature": feature, "token_id": feature + 5,
                            "start": start, "end": end,
                            "score": float(dense[feature] + drift[feature] + 0.01 * repetition),
                        })  # fmt: skip
    return (
        table(examples, EXAMPLES),
        table(predictions, PREDICTIONS),
        table(attributions, ATTRIBUTIONS),
    )


def with_cell(frame: pl.DataFrame, model: str, order_name: str, task: str) -> pl.DataFrame:
    """The summary form of a table: model, order and task in front."""
    return frame.select(
        model=pl.lit(model), order=pl.lit(order_name), task=pl.lit(task), _all=pl.struct(pl.all())
    ).unnest("_all")


def with_path(frame: pl.DataFrame, model: str, order_name: str) -> pl.DataFrame:
    """The summary form of a table that has no task."""
    return frame.select(
        model=pl.lit(model), order=pl.lit(order_name), _all=pl.struct(pl.all())
    ).unnest("_all")
