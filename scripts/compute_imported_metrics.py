"""Rule compute_imported_metrics: accuracy, calibration, flips and cautions of an imported task."""

import sys
from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import CAUTIONS, EXAMPLES, METRICS, PREDICTIONS, RELIABILITY
from keepfaith.artifacts.tables import read_provenance, read_table, write_table
from keepfaith.calibration.reliability import reliability
from keepfaith.config.probabilities import judged_probabilities
from keepfaith.imports.tables import passage_of_task
from keepfaith.report.imported import cautions_of
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.settings import Analysis

with job(snakemake.log[0]) as logger:
    params, output = snakemake.params, snakemake.output
    analysis = Analysis.of(params.calibration, params.statistics)
    examples = read_table(snakemake.input.examples, EXAMPLES)
    predictions = read_table(snakemake.input.predictions, PREDICTIONS)
    passage = passage_of_task(params.passage, examples)
    provenance = Provenance(
        settings=joined(params.calibration, params.statistics, {"passage": passage})
    )
    grouping = group_examples(examples.filter("evaluation"), passage)
    metrics = compute_metrics(predictions, examples, [], [], grouping, analysis)
    write_table(metrics, output.metrics, METRICS, provenance)
    bins = reliability(predictions, examples, analysis.bins, analysis.probabilities)
    write_table(bins, output.reliability, RELIABILITY, provenance)
    notes = [
        *judged_probabilities(analysis.probabilities),
        *read_provenance(Path(snakemake.input.examples)).measured["notes"],
    ]
    cautions = cautions_of(metrics, grouping, notes)
    for caution in cautions["caution"]:
        logger.warning("%s", caution)
        print(f"keepfaith: {params.name}: {caution}", file=sys.stderr)
    write_table(cautions, output.cautions, CAUTIONS, provenance)
