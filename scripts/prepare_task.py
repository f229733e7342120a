"""Rule prepare_task: a task's source becomes one table of examples."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import write_table
from keepfaith.config.schema import Examples
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.prepare import prepare_task

with job(snakemake.log[0]):
    task, settings = snakemake.params.task, snakemake.params.examples
    prepared = prepare_task(ResolvedTask(**task), Examples(**settings))
    write_table(
        prepared.examples,
        snakemake.output.examples,
        EXAMPLES,
        Provenance(
            settings=joined(
                {
                    "source": task["source"],
                    "version": task["task"]["version"],
                    "delimiter": task["task"]["delimiter"],
                    "blank": task["task"]["blank"],
                    "few_shot": task["task"]["few_shot"],
                    "harness": snakemake.params.harness,
                },
                settings,
            ),
            measured={"skipped": prepared.skipped},
        ),
    )
