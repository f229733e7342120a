# What a study will cost, before any of it is run.


rule plan:
    """Print what the study will cost: jobs, hours, memory and disk."""
    log:
        "logs/plan.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        # Made where the configuration is known, when the job runs.
        text=lambda wildcards: cost_plan(settings),
    script:
        "../scripts/print_plan.py"
