"""Rule apply_chat_template: the examples of a task, in the chat template of one model."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import read_provenance, read_table, write_table
from keepfaith.models.chat import with_chat_template
from keepfaith.models.loading import load_tokenizer
from keepfaith.models.sources import ModelManifest

with job(snakemake.log[0]):
    manifest = ModelManifest.read(snakemake.input.model)
    prepared = read_provenance(Path(snakemake.input.examples))
    examples = with_chat_template(
        read_table(snakemake.input.examples, EXAMPLES),
        load_tokenizer(manifest.folder),
        str(prepared.settings["delimiter"]),
    )
    write_table(
        examples,
        snakemake.output.examples,
        EXAMPLES,
        Provenance(
            settings=joined(prepared.settings, {"model": manifest.identity}),
            measured=prepared.measured,
        ),
    )
