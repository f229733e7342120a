# keepfaith: what pruning attention layers does to accuracy, explanation faithfulness and calibration.
# Phases in the order in which data meets them; every def lives in rules/common.smk.

from snakemake.utils import min_version

min_version("9.19")


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/tasks.smk"
include: "rules/models.smk"
include: "rules/orders.smk"
include: "rules/predictions.smk"
include: "rules/attributions.smk"
include: "rules/efficiency.smk"
include: "rules/metrics.smk"
include: "rules/export.smk"
include: "rules/report.smk"
include: "rules/plan.smk"


rule all:
    default_target: True
    input:
        "results/report/index.html",
        SUMMARY_CSV,


onstart:
    hold_run_lock_or_stop()
