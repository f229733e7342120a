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
from keepfaith.artifacts.tables import empty_table, read_provenance, read_table, write_table
from keepfaith.coalitions.explanations import judge_segments

with job(snakemake.log[0]):
    output, coalitions = snakemake.output, snakemake.input.get("coalitions")
    # A task without explained examples has no coalitions, and its tables no rows.
    found = judge_segments(
        read_table(coalitions, COALITIONS) if coalitions else empty_table(COALITIONS),
        (read_table(path, ATTRIBUTIONS) for path in snakemake.input.attributions),
    )
    settings = read_provenance(coalitions).settings if coalitions else {}
    provenance = Provenance(settings=settings)
    for table, path, schema in (
        (found.explanations, output.explanations, EXPLANATIONS),
        (found.limits, output.limits, LIMITS),
        (found.curves, output.curves, SEGMENT_CURVES),
        (found.swap, output.swap, SWAP),
    ):
        write_table(table, path, schema, provenance)
