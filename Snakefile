# keepfaith: what pruning attention layers does to accuracy, explanation faithfulness and calibration.
# Phases in the order in which data meets them; every def lives in rules/common.smk and rules/source.smk.

from snakemake.utils import min_version

min_version("9.19")


# Named in full, as Snakemake finds no file beside a Snakefile at the root of a local git repository by its path alone.
include: workflow.current_basedir.join("rules/source.smk")


# A study given with --configfile is the whole study: laid over config.yaml, it would take selections from there that it
# does not state. What it leaves out has the defaults of docs/options.md.
if study_file():

    configfile: study_file()


include: f"{SOURCE}/rules/common.smk"


# The first rule is the default one, unless a workflow that imports this one has its own.
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
include: f"{SOURCE}/rules/plan.smk"


onstart:
    hold_run_lock_or_stop()
    end_jobs_with_this_process()
