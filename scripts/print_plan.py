"""Rule plan: shows what the study will cost."""

from keepfaith.artifacts.job import job

with job(snakemake.log[0]):
    print(snakemake.params.text, flush=True)
