# The defs of the workflow: they read the configuration and map wildcards to files.

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
from keepfaith.figures.captions import write_captions
from keepfaith.figures.style import FORMATS
from keepfaith.imports.levels import check_logs
from keepfaith.imports.runs import LOGGED_TASK, logs_by_task
from keepfaith.orders.order import candidates
from keepfaith.planning.plan import plan as cost_plan
from keepfaith.planning.work import Workload
from keepfaith.plugins.method import METHODS
from keepfaith.plugins.operator import OPERATORS
from keepfaith.plugins.segment_operator import SEGMENT_OPERATORS
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.plugins.export_format import EXPORT_FORMATS
from keepfaith.plugins.study_figure import STUDY_FIGURES
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.report.study import describe
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
SUMMARY_TABLES += ["order", "efficiency", "pooled"]
if settings.study.stability.seeds and DRAWN_PRUNING_PATHS:
    SUMMARY_TABLES += ["stability"]
TRAINED_MODELS = settings.trained_models()
READY_MODELS = [name for name in settings.study.models if name not in TRAINED_MODELS]
# The number of threads changes a job's time, not its result; so it is not a parameter of the job.
SCORING = settings.study.scoring.model_dump(mode="json", exclude={"threads"})
THREADS = settings.study.scoring.threads


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


@functools.cache
def code(script, *chosen):
    """Digest of a script and all code that it runs, so that an edit re-runs only the jobs that it affects.

    Rules call it in a function: the process of a job then reads only the code of that job.
    `chosen`: the modules that a job uses of a package loaded by name; without them the whole package counts.
    """
    try:
        return code_digest([script, *chosen], SCRIPTS)
    except CodeDigestError as error:
        stop(error)


def criterion_file(order):
    (file,) = CRITERIA.files(settings.orders[order].criterion)
    return file


def order_definition(order):
    """An order's definition without the amount of text, which `order_text` has."""
    return definition("orders", order, exclude={"samples", "sample_tokens"})


def order_text(order):
    """The calibration text of an order; None where its criterion reads none."""
    text = settings.texts.get(order)
    return text and text.model_dump(mode="json")


def prepared_text(wildcards):
    """The table with the text that an order is ranked on; none where its criterion reads no text."""
    if wildcards.order not in settings.texts:
        return []
    return f"results/calibration_text/{wildcards.order}.parquet"


def dropped_kinds():
    """Kinds of components that the orders of the study drop."""
    drops = [settings.orders[order].drop for order in settings.study.orders]
    return sorted(
        {component.kind for drop in drops for component in candidates(1, drop)}
    )


def plugin_files(registry, names):
    """Files of these plug-ins; for no name, only the package's `__init__`, so that no plug-in counts."""
    return registry.files(*(sorted(names) or ["__init__"]))


def method_file(method):
    return METHODS.files(settings.methods[method].method)[0]


def method_modules():
    """Module of each method of the study, by its name in the catalog."""
    return {name: method.method for name, method in settings.methods.items()}


def operator_files():
    return plugin_files(OPERATORS, settings.study.faithfulness.operators)


def labelled_files():
    """Files with labels that a script reads: methods and operators of the study, and methods with the same names."""
    modules = method_modules()
    methods = {*modules, *modules.values()}.intersection(METHODS.names())
    return [*plugin_files(METHODS, methods), *operator_files()]


def no_labelled_files():
    """The files of `labelled_files` for a script that shows no method and no operator."""
    return [*plugin_files(METHODS, []), *plugin_files(OPERATORS, [])]


def figures(registry):
    """Declarations of the figures of one kind, by name; writes their captions for Snakemake's report."""
    try:
        declared = registry.all()
    except Exception as error:  # an added file may raise anything
        stop(f"{registry.package}: {error}")
    if workflow.is_main_process:
        write_captions(declared, captions_of(registry))
    return declared


def captions_of(registry):
    """Folder of the captions of one kind of figure, in Snakemake's own folder for the run."""
    kind = registry.package.rpartition(".")[2]
    return Path.cwd() / ".snakemake" / "keepfaith" / "captions" / kind


def figure_files(folder, registry, names, **shown):
    """Figures in every format; the SVGs appear in Snakemake's own report, each with its caption."""
    files = []
    for name in names:
        caption = str(captions_of(registry) / f"{name}.rst")
        svg = report(
            f"{folder}/{name}.svg", caption=caption, labels={"figure": name}, **shown
        )
        others = [f"{folder}/{name}.{format}" for format in FORMATS if format != "svg"]
        files += [svg, *others]
    return files


def repository(model):
    """The hub's name of a model, the key of published numbers; None for other sources."""
    return getattr(settings.models[model].source, "repository", None)


def description():
    """The report's description of the study, as plain values."""
    return dataclasses.asdict(
        describe(
            settings,
            {f"{name}.csv": f"../summary/{name}.csv" for name in SUMMARY_TABLES},
        )
    )


def gpus(wildcards):
    """GPUs of a job that runs a model; 0 with device cpu, so that only --cores limits it."""
    if settings.study.scoring.device == "cpu":
        return 0
    return settings.models[wildcards.model].gpu


def gpus_of_attribution(wildcards):
    """GPUs of an attribution; 0 for a method that needs no model."""
    return planned("attribute", wildcards).gpus


workload = Workload(settings)


def planned(name, wildcards):
    """The plan's entry of a job; its key is the wildcards, from the model inwards."""
    key = ["model", "order", "task", "method", "seed"]
    present = [wildcards[part] for part in key if part in wildcards.keys()]
    return workload.job(name, *present)


def minutes(name):
    """Time that a job requests: three times the plan's, and more with every retry."""
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


def task_definition(name):
    """The same of a task: only the statistics depend on a passage that is a field of the prompt."""
    inside = settings.tasks[name].task.passage_in_prompt
    return definition("tasks", name, exclude={"task": {"passage"}} if inside else None)


def examples_of(name):
    return settings.examples_of(name).model_dump(mode="json")


def examples_table(model, order, task):
    """The table of a task's examples, as a model is asked them."""
    if settings.models[model].chat_template:
        return f"results/models/{model}/chat/{task}.parquet"
    return f"results/tasks/{task}/examples.parquet"


def examples_of_cell(wildcards):
    return examples_table(wildcards.model, wildcards.order, wildcards.task)


def users(files):
    """Input files of the user, without the prefix that an importing workflow gives to results."""
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
    """Pruning paths of a table, or cells if it depends on examples."""
    if table == "stability":
        return DRAWN_PRUNING_PATHS
    return PRUNING_PATHS if table in ("order", "efficiency", "pooled") else CELLS


def attributions_of(model, order, task, methods=tuple(settings.methods)):
    return [
        f"results/{model}/{order}/{task}/attributions/{name}-seed{seed}.parquet"
        for name in methods
        for seed in settings.methods[name].seeds
    ]


def attributions_of_cell(wildcards):
    return attributions_of(wildcards.model, wildcards.order, wildcards.task)


def faithfulness_of_cell(wildcards):
    """The effects of single tokens, in a study that runs that protocol."""
    if "study" not in PROTOCOLS:
        return []
    return expand(
        "results/{model}/{order}/{task}/faithfulness/{method}.parquet",
        **wildcards,
        method=settings.study.methods,
    )


def from_coalitions(table):
    """A table of explain_segments as an input: nothing in a study that scores no coalitions."""
    if "coalitions" not in PROTOCOLS:
        return []
    return f"results/{{model}}/{{order}}/{{task}}/{table}.parquet"


def explained_by_cell():
    """Scores of what the report's explained examples show: of segments in a study that has them, else of tokens."""
    if "coalitions" in PROTOCOLS:
        return expand("results/{cell}/explanations.parquet", cell=CELLS)
    return [path for cell in CELLS for path in attributions_of(*cell.split("/"))]


def attributions_of_method(wildcards):
    return attributions_of(
        wildcards.model, wildcards.order, wildcards.task, [wildcards.method]
    )


def exports(wildcards):
    """The checkpoints of `export`; ends with one line if it names none, or a level that is not run."""
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
        path=PRUNING_PATHS,
        level=chosen.levels,
        format=chosen.formats,
    )


def imported_logs(name):
    """The logs of an import by task and level; ends with one line if a run lacks one."""
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
    """The import's `passage`; None if it is not set."""
    return settings.study.imports[wildcards.imported].passage


def imported_cells():
    return [
        f"{name}/{task}"
        for name in settings.study.imports
        for task in imported_logs(name)
    ]


def imported_files(wildcards):
    """The outputs of `imported`. Every log is read here once, so that a broken one is refused before any job."""
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
        "results/imported/{cell}/figures/{name}.svg",
        cell=imported_cells(),
        name=IMPORTED_FIGURES,
    )


held_locks = []


def hold_run_lock_or_stop():
    """One run at a time in results/; the lock ends with this process."""
    try:
        held_locks.append(hold_run_lock(Path("results/.lock")))
    except AlreadyRunning as error:
        stop(error)


def end_jobs_with_this_process():
    """A signal to this process alone also ends its jobs; on a cluster, the executor handles SIGTERM."""
    end_jobs_on_signals(
        [signal.SIGINT, signal.SIGTERM] if workflow.local_exec else [signal.SIGINT]
    )


def refuse_no_gpu():
    """Refuse `--resources gpu=0`, which means "no limit" to Snakemake, not "no GPU"."""
    cap = workflow.resource_settings.resources.get("gpu")
    if cap is not None and cap.value == 0 and settings.study.scoring.device != "cpu":
        stop(
            "--resources gpu=0 limits nothing; without a GPU type --config 'scoring={device: cpu}'"
        )


refuse_no_gpu()
