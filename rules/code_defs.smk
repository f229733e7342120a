# What a job runs, and what it shows: the digest of its code, files of plug-ins, figures with their captions.

import dataclasses
import functools
from pathlib import Path

from keepfaith.artifacts.code_digest import CodeDigestError, code_digest
from keepfaith.artifacts.provenance import package_versions
from keepfaith.figures.captions import write_captions
from keepfaith.orders.order import candidates
from keepfaith.paper.latex import PAPER_TABLES
from keepfaith.paper.methods_text import cited_works, methods_text
from keepfaith.plugins.cell_figure import CELL_FIGURES
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.plugins.export_format import EXPORT_FORMATS
from keepfaith.plugins.method import METHODS
from keepfaith.plugins.operator import OPERATORS
from keepfaith.plugins.segment_operator import SEGMENT_OPERATORS
from keepfaith.plugins.study_figure import STUDY_FIGURES
from keepfaith.report.study import describe


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
    return text and text.model_dump(mode="json", exclude={"citation"})


def prepared_text(wildcards):
    """The table with the text that an order is ranked on; none where its criterion reads no text."""
    if wildcards.order not in settings.texts:
        return []
    return f"results/calibration_text/{wildcards.order}.parquet"


def dropped_kinds():
    """Kinds of components that the orders of the study drop."""
    drops = [order.drop for order in settings.orders.values()]
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
    """Figures in the study's formats; the SVGs appear in Snakemake's own report, each with its caption."""
    files = []
    for name in names:
        caption = str(captions_of(registry) / f"{name}.rst")
        svg = report(
            f"{folder}/{name}.svg", caption=caption, labels={"figure": name}, **shown
        )
        formats = settings.study.report.figure_formats
        files += [svg, *(f"{folder}/{name}.{format}" for format in formats)]
    return files


def figures_of_cells():
    """The figures of every cell, as they are drawn for its order."""
    return [
        f"results/figures/{cell}/{name}.svg"
        for cell in CELLS
        for name in (
            DRAWN_OF_CHECKPOINTS
            if cell.rpartition("/")[0] in CHECKPOINT_PATHS
            else DRAWN_OF_CELL
        )
    ]


def repository(model):
    """The hub's name of a model, the key of published numbers; None for other sources."""
    return getattr(settings.models[model].source, "repository", None)


def description():
    """The report's description of the study, as plain values."""
    return dataclasses.asdict(
        describe(
            settings,
            {name: name for name in ("methods.md", "references.bib", "model_cards.md")}
            | {f"{name}.tex": f"{name}.tex" for name in PAPER_TABLES}
            | {f"{name}.csv": f"../summary/{name}.csv" for name in SUMMARY_TABLES},
        )
    )


def methods_section():
    """The methods section of a paper, from the settings of this study."""
    return from_plugins(lambda: methods_text(settings, package_versions()))


def works():
    """Citations of all that this study uses; a job adds those of the metrics, whose code it reads anyway."""
    return from_plugins(lambda: cited_works(settings))


def from_plugins(made):
    """What a function makes of declarations; ends with one line if the file of one does not declare it."""
    try:
        return made()
    except Exception as error:  # an added file may raise anything
        stop(error)
