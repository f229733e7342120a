# Cost of a study and what it can decide, before any job runs.

from keepfaith.planning.plan import plan as cost_plan


rule plan:
    """Print jobs, hours, memory and disk of the study, and which margins its tasks can decide."""
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
