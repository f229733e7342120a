# Option log-likelihoods of every level of a path, in one job per model, order and task.


rule predict:
    input:
        model="results/models/{model}/model.json",
        order="results/{model}/{order}/order.parquet",
        examples="results/tasks/{task}/examples.parquet",
    output:
        predictions="results/{model}/{order}/{task}/predictions.parquet",
    log:
        "logs/{model}/{order}/{task}/predict.log",
    params:
        levels=lambda wildcards: settings.levels[wildcards.model],
        scoring=settings.study.scoring.model_dump(mode="json"),
        code=code("predict.py"),
    threads: settings.study.scoring.threads
    resources:
        gpu=gpus,
    script:
        "../scripts/predict.py"
