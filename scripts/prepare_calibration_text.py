"""Rule prepare_calibration_text: the samples of text that a criterion looks at."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import TEXTS
from keepfaith.artifacts.tables import write_table
from keepfaith.config.schema import Order
from keepfaith.tasks.text import calibration_text

with job(snakemake.log[0]):
    order = Order(**snakemake.params.order)
    texts = calibration_text(order.calibration_text, order.samples, order.seed)
    write_table(
        pl.DataFrame({"text": texts}),
        snakemake.output.text,
        TEXTS,
        Provenance(settings=snakemake.params.order),
    )
