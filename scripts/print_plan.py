"""Rule plan: prints the cost of the study, and what it can decide."""

from keepfaith.artifacts.job import job

with job(snakemake.log[0]):
    print(snakemake.params.text, flush=True)
