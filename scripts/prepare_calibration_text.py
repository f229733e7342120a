"""Rule prepare_calibration_text: the samples of text that an order is ranked on."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import TEXTS
from keepfaith.artifacts.tables import write_table
from keepfaith.config.settings import OrderText
from keepfaith.tasks.text import calibration_text

with job(snakemake.log[0]):
    text = OrderText(**snakemake.params.text)
    texts = calibration_text(text.source, text.samples, text.seed)
    write_table(
        pl.DataFrame({"text": texts}),
        snakemake.output.text,
        TEXTS,
        Provenance(settings=snakemake.params.text),
    )
