# Every subset of an explained text's segments, scored once for all levels, methods and seeds; then arithmetic.


rule score_coalitions:
    """Score every subset of the explained texts' segments at all levels (GPU)."""
    input:
        model="results/models/{model}/model.json",
        order=order_table,
        examples=examples_of_cell,
        predictions="results/{model}/{order}/{task}/predictions.parquet",
    output:
        coalitions="results/{model}/{order}/{task}/coalitions.parquet",
    log:
        "logs/{model}/{order}/{task}/score_coalitions.log",
    conda:
        "../envs/workflow.yaml"
    threads: THREADS
    resources:
        gpu=gpus,
        mem_mb=memory("score_coalitions"),
        runtime=minutes("score_coalitions"),
    params:
        levels=lambda wildcards: settings.levels_of(wildcards.model, wildcards.order),
        segments=settings.study.faithfulness.segments,
        removal=settings.study.faithfulness.removal,
        scoring=SCORING,
        code=lambda wildcards: code(
            "score_coalitions.py",
            *SEGMENT_OPERATORS.files(settings.study.faithfulness.removal),
        ),
    script:
        "../scripts/score_coalitions.py"


rule explain_segments:
    """Judge every method's explanation by the table of coalitions, beside exact Shapley values and all limits."""
    input:
        coalitions=coalitions_of_cell,
        attributions=attributions_of_cell,
    output:
        explanations="results/{model}/{order}/{task}/explanations.parquet",
        limits="results/{model}/{order}/{task}/limits.parquet",
        curves="results/{model}/{order}/{task}/segment_curves.parquet",
        swap="results/{model}/{order}/{task}/swap.parquet",
    log:
        "logs/{model}/{order}/{task}/explain_segments.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=lambda wildcards: code("explain_segments.py"),
    script:
        "../scripts/explain_segments.py"
