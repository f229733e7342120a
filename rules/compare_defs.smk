# The two results folders that `snakemake compare` reads.

from keepfaith.comparison.cells import cells_of, paired_cells
from keepfaith.config.errors import ConfigError


def compared_studies():
    """`first`, `second` and `pairs`, with digests of their tables; ends with one line if there is nothing to compare."""
    compare = settings.study.compare
    if compare is None:
        stop(
            "nothing to compare; type --config 'compare={first: FOLDER, second: FOLDER}' with two results folders"
        )
    try:
        first, second = (
            cells_of(Path(getattr(compare, side)), f"config: compare.{side}")
            for side in ("first", "second")
        )
        pairs, _ = paired_cells(first, second, compare.pairs)
    except ConfigError as error:
        stop(error)
    return compare.model_dump(mode="json") | {
        "contents": [pair.contents() for pair in pairs]
    }
