"""Rule explain_segments: every method's explanation as scores of segments, and how faithful it is."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import ATTRIBUTIONS, COALITIONS, EXPLANATIONS
from keepfaith.artifacts.tables import read_provenance, read_table, write_table
from keepfaith.coalitions.explanations import explanations

with job(snakemake.log[0]):
    table = explanations(
        read_table(snakemake.input.coalitions, COALITIONS),
        (read_table(path, ATTRIBUTIONS) for path in snakemake.input.attributions),
    )
    settings = read_provenance(snakemake.input.coalitions).settings
    write_table(table, snakemake.output.explanations, EXPLANATIONS, Provenance(settings=settings))
