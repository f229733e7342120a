"""Rule compute_metrics: all metrics of one cell, from saved tables."""

from pathlib import Path

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import (
    ATTRIBUTIONS,
    CURVES,
    EXAMPLES,
    EXPLANATIONS,
    FAITHFULNESS,
    FLUCTUATION,
    LIMITS,
    METRICS,
    OVERLAP,
    PREDICTIONS,
    RELIABILITY,
    SWAP,
    TUNING_PREDICTIONS,
)
from keepfaith.artifacts.tables import empty_table, read_provenance, read_table, write_table
from keepfaith.calibration.reliability import reliability
from keepfaith.config.probabilities import judged_probabilities
from keepfaith.faithfulness.agreement import overlap
from keepfaith.faithfulness.metrics import curves
from keepfaith.scoring.cut import cut_notes
from keepfaith.scoring.left_out import left_out_notes, without_left_out
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.coalition_metrics import SegmentTables
from keepfaith.statistics.conformal_metrics import fitted_thresholds
from keepfaith.statistics.fluctuation import fluctuation
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.temperature_metrics import NO_TUNING, fitted_temperatures

with job(snakemake.log[0]) as logger:
    params, output = snakemake.params, snakemake.output
    analysis = Analysis.of(params.calibration, params.statistics)
    prepared = read_table(snakemake.input.examples, EXAMPLES)
    examples = without_left_out(prepared, snakemake.input.predictions)
    predictions = read_table(snakemake.input.predictions, PREDICTIONS)
    attributions = [read_table(path, ATTRIBUTIONS) for path in snakemake.input.attributions]
    faithfulness = [read_table(path, FAITHFULNESS) for path in snakemake.input.faithfulness]
    schemas = {"explanations": EXPLANATIONS, "limits": LIMITS, "swap": SWAP}
    paths = {name: snakemake.input.get(name) for name in schemas}
    segments = (
        SegmentTables(**{name: read_table(paths[name], of) for name, of in schemas.items()})
        if all(paths.values()) and examples["explanation"].any()
        else None
    )
    grouping = group_examples(examples.filter("evaluation"), params.passage)
    clusters = grouping.numbers
    tuning = read_table(snakemake.input.tuning, TUNING_PREDICTIONS)
    temperatures = fitted_temperatures(tuning, examples, params.passage, analysis)
    thresholds = fitted_thresholds(tuning, examples, params.passage, analysis)
    left_out = left_out_notes(*(each["evaluation"].sum() for each in (prepared, examples)))
    cut = read_provenance(Path(snakemake.input.predictions)).measured["prompts_cut"]
    notes = [
        *judged_probabilities(analysis.probabilities),
        *left_out,
        *cut_notes(cut),
        *grouping.notes,
        *([] if temperatures else [NO_TUNING]),
    ]
    for note in notes:
        logger.warning("%s", note)
    provenance = Provenance(
        settings=joined(
            params.calibration,
            params.statistics,
            {"tops": params.tops, "passage": params.passage},
        ),
        measured={"notes": notes},
    )
    # Tables of a study that explains; without rows for a task of it that is not explained.
    if output.get("overlap"):
        of_tokens = (
            overlap(pl.concat(attributions), params.tops, clusters)
            if attributions
            else empty_table(OVERLAP)
        )
        write_table(of_tokens, output.overlap, OVERLAP, provenance)
    if output.get("curves"):
        of_tokens = (
            curves(pl.concat(faithfulness), clusters) if faithfulness else empty_table(CURVES)
        )
        write_table(of_tokens, output.curves, CURVES, provenance)
    for table, path, schema in (
        (
            compute_metrics(
                predictions,
                examples,
                faithfulness,
                attributions,
                grouping,
                analysis,
                segments=segments,
                top=min(params.tops),
                temperatures=temperatures,
                thresholds=thresholds,
            ),
            output.metrics,
            METRICS,
        ),
        (
            reliability(predictions, examples, analysis.bins, analysis.probabilities),
            output.reliability,
            RELIABILITY,
        ),
        (
            fluctuation(
                predictions,
                examples,
                None if segments is None else segments.explanations,
                grouping,
                analysis,
            )
            if params.in_sequence
            else empty_table(FLUCTUATION),
            output.fluctuation,
            FLUCTUATION,
        ),
    ):
        write_table(table, path, schema, provenance)
