# The defs of the workflow: reading the configuration, and which files belong to which wildcards.

import dataclasses
import functools
import math
import re
import signal
from pathlib import Path

from keepfaith.artifacts.code_digest import CodeDigestError, code_digest
from keepfaith.artifacts.interruption import end_jobs_on_signals
from keepfaith.artifacts.run_lock import AlreadyRunning, hold_run_lock
from keepfaith.config.errors import ConfigError
from keepfaith.config.levels import level_words
from keepfaith.config.load import load_study, overridden_definitions
from keepfaith.config.preflight import check
from keepfaith.config.yaml_files import check_study_file, check_typed
from keepfaith.imports.levels import check_logs
from keepfaith.imports.runs import LOGGED_TASK, logs_by_task
from keepfaith.orders.order import candidates
from keepfaith.planning.plan import plan as cost_plan
from keepfaith.planning.work import Workload
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.report.study import describe
from snakemake.common.configfile import load_configfile


def with_last_levels():
    """The configuration with `levels` as the last file or --config that names it says.

    Snakemake merges blocks key by key: one way of naming levels would stand beside another.
    """
    stated = dict(config)
    if workflow.modifier.is_main_snakefile():
        files = map(load_configfile, workflow.overwrite_configfiles)
        for laid_over in (*files, workflow.config_settings.config):
            if "levels" in laid_over:
                stated["levels"] = laid_over["levels"]
    return stated


def check_spelling():
    """Refuse what Snakemake's reader loses without a word: the first of two equal keys, 010 that is read as 8."""
    for file in workflow.configfiles:
        check_study_file(Path(file))
    for word in sys.argv[1:]:
        key, _, value = word.partition("=")
        if value.startswith(("{", "[")):
            check_typed(key, value)


def read_settings():
    """The validated configuration. Local inputs are looked at once, by the main process, before any job."""
    # The user's own definitions lie beside those that ship, and come first.
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

PATHS = [
    f"{model}/{order}"
    for model in settings.study.models
    for order in settings.study.orders
]
UNITS = [f"{path}/{task}" for path in PATHS for task in settings.study.tasks]
# Another seed changes nothing of the other orders.
DRAWN_PATHS = [
    f"{model}/{order}"
    for model in settings.study.models
    for order in settings.drawn_orders
]
SUMMARY_TABLES = [
    "metrics",
    "reliability",
    "curves",
    "overlap",
    "verdict",
    "order",
    "efficiency",
] + (["stability"] if settings.study.stability.seeds and DRAWN_PATHS else [])
TRAINED_MODELS = settings.trained_models()
READY_MODELS = [name for name in settings.study.models if name not in TRAINED_MODELS]
# The number of threads changes how long a job takes, not what it makes; so it is no parameter of one.
SCORING = settings.study.scoring.model_dump(mode="json", exclude={"threads"})
THREADS = settings.study.scoring.threads


def names_pattern(names):
    """A wildcard constraint that admits exactly these names (and none at all where the list is empty)."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    model=names_pattern(settings.study.models),
    order=names_pattern(settings.study.orders),
    task=names_pattern(settings.study.tasks),
    method=names_pattern(settings.study.methods),
    seed=r"\d+",
    imported=names_pattern(settings.study.imports),


@functools.cache
def code(script, *chosen):
    """Digest of a script and all it runs, so that an edit re-runs what it touches and nothing else.

    Rules ask for it by a function: the process of a job then reads the code of that job alone.
    `chosen`: the modules that a job takes from a package loaded by name; without them all of that package count.
    """
    try:
        return code_digest([script, *chosen], SCRIPTS)
    except CodeDigestError as error:
        stop(error)


def criterion_file(order):
    (file,) = CRITERIA.files(settings.orders[order].criterion)
    return file


def order_definition(order):
    """An order without what its text says better: how much of it is read."""
    return definition("orders", order, exclude={"samples", "sample_tokens"})


def order_text(order):
    """The calibration text of an order; None where its criterion reads none."""
    text = settings.texts.get(order)
    return text and text.model_dump(mode="json")


def prepared_text(wildcards):
    """The table with the text that an order is ranked on, if it is on any."""
    if wildcards.order not in settings.texts:
        return []
    return f"results/calibration_text/{wildcards.order}.parquet"


def dropped_kinds():
    """Kinds of components that some order of the study drops."""
    drops = [settings.orders[order].drop for order in settings.study.orders]
    return sorted(
        {component.kind for drop in drops for component in candidates(1, drop)}
    )


def method_file(method):
    return f"keepfaith/attribution/methods/{settings.methods[method].method}.py"


def method_modules():
    """What each method of the study is, by its name in the catalog."""
    return {name: method.method for name, method in settings.methods.items()}


def operator_files():
    return [
        f"keepfaith/faithfulness/operators/{name}.py"
        for name in settings.study.faithfulness.operators
    ]


def figure_names(group):
    """Figures of one `unit` (model, order, task) or of the whole `study`: each has a caption."""
    return sorted(
        path.stem for path in (SOURCE / "rules" / "captions" / group).glob("*.rst")
    )


def repository(model):
    """The hub's name of a model, by which published numbers are found; None for other sources."""
    return getattr(settings.models[model].source, "repository", None)


def description():
    """What the report says of the study itself, as plain values."""
    return dataclasses.asdict(
        describe(
            settings,
            {f"{name}.csv": f"../summary/{name}.csv" for name in SUMMARY_TABLES},
        )
    )


def gpus(wildcards):
    """GPUs of a job that runs a model; none where the study says cpu, so that --cores alone limits it."""
    if settings.study.scoring.device == "cpu":
        return 0
    return settings.models[wildcards.model].gpu


workload = Workload(settings)


def planned(name, wildcards):
    """What the plan says of a job; its key is the wildcards, from the model inwards."""
    key = ["model", "order", "task", "method", "seed"]
    present = [wildcards[part] for part in key if part in wildcards.keys()]
    return workload.job(name, *present)


def minutes(name):
    """Time that a job requests: three times what the plan says, and more with every retry."""
    return lambda wildcards, attempt: attempt * (
        10 + math.ceil(planned(name, wildcards).seconds / 20)
    )


def memory(name):
    """Main memory that a job requests, in MB; more with every retry."""
    return lambda wildcards, attempt: attempt * math.ceil(
        planned(name, wildcards).memory_bytes / 1e6
    )


def definition(group, name, exclude=None):
    """The slice of the configuration that one job depends on."""
    return getattr(settings, group)[name].model_dump(mode="json", exclude=exclude)


def users(files):
    """Files of the user's: where they are, whatever prefix a workflow that imports this one gives to results."""
    for file in files:
        if problem := input_problem(file):
            stop(problem)
    return [local(str(file)) for file in files]


def model_files(wildcards):
    return users(settings.model_files(wildcards.model))


def task_files(wildcards):
    return users(settings.tasks[wildcards.task].files())


def text_files(wildcards):
    return users(settings.text_files(wildcards.order))


def places(table):
    """Where a table exists: per model and order, and for what depends on examples per task too."""
    if table == "stability":
        return DRAWN_PATHS
    return PATHS if table in ("order", "efficiency") else UNITS


def attributions_of(model, order, task, methods=tuple(settings.methods)):
    return [
        f"results/{model}/{order}/{task}/attributions/{name}-seed{seed}.parquet"
        for name in methods
        for seed in settings.methods[name].seeds
    ]


def attributions_of_unit(wildcards):
    return attributions_of(wildcards.model, wildcards.order, wildcards.task)


def attributions_of_method(wildcards):
    return attributions_of(
        wildcards.model, wildcards.order, wildcards.task, [wildcards.method]
    )


def exports(wildcards):
    """The checkpoints that the study asks for; one line where it asks for none, or for a level it does not run."""
    chosen = settings.study.export
    if not chosen.levels:
        stop("nothing to export; type --config 'export={levels: [2]}'")
    for model in settings.study.models:
        if beyond := set(chosen.levels) - set(settings.levels[model]):
            stop(
                f"export.levels: {min(beyond)} is not run for {model}, whose levels are "
                f"{level_words(settings.levels[model])}"
            )
    return expand(
        "results/{path}/export/level{level}-{format}",
        path=PATHS,
        level=chosen.levels,
        format=chosen.formats,
    )


def imported_logs(name):
    """The logs of an import by task and level, or one line that says what a run lacks."""
    try:
        return logs_by_task(
            settings.study.imports[name].levels, f"config: imports.{name}"
        )
    except ConfigError as error:
        stop(error)


def logs_of(wildcards):
    """The log of every level of one imported task."""
    of_tasks = imported_logs(wildcards.imported)
    if wildcards.task not in of_tasks:
        stop(
            f"config: imports.{wildcards.imported}: no run has a log of task {wildcards.task}"
        )
    return of_tasks[wildcards.task]


def passage_of(wildcards):
    """Which text of an import's documents the user calls a passage; None where nobody said."""
    return settings.study.imports[wildcards.imported].passage


def imported_units():
    return [
        f"{name}/{task}"
        for name in settings.study.imports
        for task in imported_logs(name)
    ]


def imported_files(wildcards):
    """What `imported` makes. Every log is read here once, so that a broken one is refused before any job."""
    if not settings.study.imports:
        stop(
            "nothing to import; type --config 'imports={mine: {0: DENSE_RUN, 4: PRUNED_RUN}}'"
        )
    try:
        for name, chosen in settings.study.imports.items():
            place = f"config: imports.{name}.passage"
            for note in check_logs(imported_logs(name).values(), chosen.passage, place):
                print(f"keepfaith: {note}", file=sys.stderr)
    except ConfigError as error:
        stop(error)
    return expand("results/imported/{table}.csv", table=IMPORTED_TABLES) + expand(
        "results/imported/{unit}/figures/{name}.svg",
        unit=imported_units(),
        name=IMPORTED_FIGURES,
    )


held_locks = []


def hold_run_lock_or_stop():
    """One run at a time in results/; the lock goes with this process, however it ends."""
    try:
        held_locks.append(hold_run_lock(Path("results/.lock")))
    except AlreadyRunning as error:
        stop(error)


def end_jobs_with_this_process():
    """A signal to this process alone ends its jobs too; on a cluster, SIGTERM stays what the executor makes of it."""
    end_jobs_on_signals(
        [signal.SIGINT, signal.SIGTERM] if workflow.local_exec else [signal.SIGINT]
    )


def refuse_no_gpu():
    """`--resources gpu=0` would not mean "no GPU" to Snakemake, but "no limit"."""
    cap = workflow.resource_settings.resources.get("gpu")
    if cap is not None and cap.value == 0 and settings.study.scoring.device != "cpu":
        stop(
            "--resources gpu=0 limits nothing; without a GPU type --config 'scoring={device: cpu}'"
        )


refuse_no_gpu()
