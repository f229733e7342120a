# keepfaith: effects of pruning attention layers on accuracy, explanation faithfulness and calibration.
# Phases in the order of the data flow; every def is in rules/source.smk, rules/common.smk or a file rules/*_defs.smk.

from snakemake.utils import min_version

min_version("9.19")


# A full path: Snakemake does not find a file beside a Snakefile at the root of a local git repository by a relative one.
include: workflow.current_basedir.join("rules/source.smk")


# A study given with --configfile is complete: merged with config.yaml, it would inherit selections that it does not
# state. Missing keys have the defaults of docs/options.md.
if study_file():

    configfile: study_file()


include: f"{SOURCE}/rules/common.smk"
include: f"{SOURCE}/rules/code_defs.smk"
include: f"{SOURCE}/rules/requests_defs.smk"
include: f"{SOURCE}/rules/inputs_defs.smk"
include: f"{SOURCE}/rules/imported_defs.smk"
include: f"{SOURCE}/rules/compare_defs.smk"
include: f"{SOURCE}/rules/running_defs.smk"


# The first rule is the default target, unless a workflow that imports this one has its own.
rule all:
    """The whole study, up to the report."""
    input:
        "results/report/index.html",
        expand("results/summary/{table}.csv", table=SUMMARY_TABLES),


include: f"{SOURCE}/rules/tasks.smk"
include: f"{SOURCE}/rules/models.smk"
include: f"{SOURCE}/rules/orders.smk"
include: f"{SOURCE}/rules/predictions.smk"
include: f"{SOURCE}/rules/attributions.smk"
include: f"{SOURCE}/rules/coalitions.smk"
include: f"{SOURCE}/rules/efficiency.smk"
include: f"{SOURCE}/rules/metrics.smk"
include: f"{SOURCE}/rules/export.smk"
include: f"{SOURCE}/rules/report.smk"
include: f"{SOURCE}/rules/imports.smk"
include: f"{SOURCE}/rules/compare.smk"
include: f"{SOURCE}/rules/plan.smk"


onstart:
    hold_run_lock_or_stop()
    end_jobs_with_this_process()
