# The study: its settings, and the lists that rules are made from.

import re
from pathlib import Path

from keepfaith.config.errors import ConfigError
from keepfaith.config.load import load_study, overridden_definitions
from keepfaith.config.preflight import check
from keepfaith.config.yaml_files import check_study_file, check_typed
from snakemake.common.configfile import load_configfile


def with_last_levels():
    """The configuration with `levels` from the last file or --config that sets it.

    Snakemake merges blocks key by key, which would mix two ways of setting levels.
    """
    stated = dict(config)
    if workflow.modifier.is_main_snakefile():
        files = map(load_configfile, workflow.overwrite_configfiles)
        for laid_over in (*files, workflow.config_settings.config):
            if "levels" in laid_over:
                stated["levels"] = laid_over["levels"]
    return stated


def check_spelling():
    """Refuse input that Snakemake's reader changes silently: a repeated key, and 010, which it reads as 8."""
    for file in workflow.configfiles:
        check_study_file(Path(file))
    for word in sys.argv[1:]:
        key, _, value = word.partition("=")
        if value.startswith(("{", "[")):
            check_typed(key, value)


def read_settings():
    """The validated configuration. The main process checks local inputs once, before any job."""
    # The user's definitions have priority over those that ship.
    catalogs = [Path("config/catalog"), SOURCE / "config" / "catalog"]
    try:
        if workflow.is_main_process and workflow.modifier.is_main_snakefile():
            check_spelling()
        resolved = load_study(with_last_levels(), catalogs)
        if workflow.is_main_process:
            notes = [*overridden_definitions(resolved, catalogs), *check(resolved)]
            for note in notes:
                print(f"keepfaith: {note}", file=sys.stderr)
    except ConfigError as error:
        stop(error)
    return resolved


settings = read_settings()

PRUNING_PATHS = [
    f"{model}/{order}"
    for model in settings.study.models
    for order in settings.study.orders
]
# Orders that a criterion ranks; the others name checkpoints, each a model of its own.
RANKED_PATHS = [
    f"{model}/{order}" for model in settings.study.models for order in settings.orders
]
CHECKPOINT_PATHS = [path for path in PRUNING_PATHS if path not in RANKED_PATHS]
CELLS = [f"{path}/{task}" for path in PRUNING_PATHS for task in settings.study.tasks]
# The other orders do not depend on a seed.
DRAWN_PRUNING_PATHS = [
    f"{model}/{order}"
    for model in settings.study.models
    for order in settings.drawn_orders
]
PROTOCOLS = settings.study.faithfulness.protocols
# Tables of a cell that figures and the report read.
CELL_TABLES = ["metrics", "reliability", "verdict", "misalignment", "fluctuation"]
if PROTOCOLS:
    CELL_TABLES += ["overlap"]
if "coalitions" in PROTOCOLS:
    CELL_TABLES += ["limits", "segment_curves", "swap"]
if "study" in PROTOCOLS:
    CELL_TABLES += ["curves"]
# The swap has a row per pair of levels and example: too many for one file of the whole study.
SUMMARY_TABLES = [name for name in CELL_TABLES if name != "swap"]
SUMMARY_TABLES += ["efficiency", "pooled"]
if RANKED_PATHS:
    SUMMARY_TABLES += ["order"]
if CHECKPOINT_PATHS:
    SUMMARY_TABLES += ["checkpoints"]
if settings.study.stability.seeds and DRAWN_PRUNING_PATHS:
    SUMMARY_TABLES += ["stability"]
TRAINED_MODELS = settings.trained_models()
READY_MODELS = [name for name in settings.study.models if name not in TRAINED_MODELS]
# The number of threads changes a job's time, not its result; so it is not a parameter of the job.
SCORING = settings.study.scoring.model_dump(mode="json", exclude={"threads"})
THREADS = settings.study.scoring.threads
PAPER = settings.study.report.pdf_width.model_dump()


def names_pattern(names):
    """A wildcard constraint that admits exactly these names (none for an empty list)."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    model=names_pattern(settings.study.models),
    order=names_pattern(settings.study.orders),
    task=names_pattern(settings.study.tasks),
    method=names_pattern(settings.study.methods),
    seed=r"\d+",
    imported=names_pattern(settings.study.imports),
