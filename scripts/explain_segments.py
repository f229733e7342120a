"""Rule explain_segments: explanations as scores of segments, how faithful they are, and what any could reach."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import (
    ATTRIBUTIONS,
    COALITIONS,
    EXPLANATIONS,
    LIMITS,
    SEGMENT_CURVES,
    SWAP,
)
from keepfaith.artifacts.tables import read_provenance, read_table, write_table
from keepfaith.coalitions.explanations import judge_segments

with job(snakemake.log[0]):
    output = snakemake.output
    found = judge_segments(
        read_table(snakemake.input.coalitions, COALITIONS),
        (read_table(path, ATTRIBUTIONS) for path in snakemake.input.attributions),
    )
    provenance = Provenance(settings=read_provenance(snakemake.input.coalitions).settings)
    for table, path, schema in (
        (found.explanations, output.explanations, EXPLANATIONS),
        (found.limits, output.limits, LIMITS),
        (found.curves, output.curves, SEGMENT_CURVES),
        (found.swap, output.swap, SWAP),
    ):
        write_table(table, path, schema, provenance)
