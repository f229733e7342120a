"""Rule prepare_task: a task's source becomes one table of examples."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import write_table
from keepfaith.config.schema import Examples
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.prepare import prepare_examples

with job(snakemake.log[0]):
    task, settings = snakemake.params.task, snakemake.params.examples
    examples = prepare_examples(ResolvedTask(**task), Examples(**settings))
    write_table(
        examples,
        snakemake.output.examples,
        EXAMPLES,
        Provenance(
            settings={"source": task["source"], "version": task["task"]["version"], **settings}
        ),
    )
