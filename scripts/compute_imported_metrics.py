"""Rule compute_imported_metrics: every number that predictions alone give, and the flips."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import EXAMPLES, METRICS, PREDICTIONS, RELIABILITY
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.calibration.reliability import reliability
from keepfaith.imports.tables import passage_of_task
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.settings import Analysis

with job(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    analysis = Analysis.of(params.calibration, params.statistics)
    examples = read_table(snakemake.input.examples, EXAMPLES)
    predictions = read_table(snakemake.input.predictions, PREDICTIONS)
    passage = passage_of_task(params.passage, examples)
    provenance = Provenance(
        settings=joined(params.calibration, params.statistics, {"passage": passage})
    )
    metrics = compute_metrics(predictions, examples, [], [], analysis, flips=True, passage=passage)
    write_table(metrics, output.metrics, METRICS, provenance)
    bins = reliability(predictions, examples, analysis.bins)
    write_table(bins, output.reliability, RELIABILITY, provenance)
