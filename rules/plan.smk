# Cost of a study, before any job runs.


rule plan:
    """Print the cost of the study: jobs, hours, memory and disk."""
    log:
        "logs/plan.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        # Evaluated when the job runs.
        text=lambda wildcards: cost_plan(settings),
    script:
        "../scripts/print_plan.py"
