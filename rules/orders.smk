# From calibration text to the order in which a criterion drops a model's attention layers.


rule prepare_calibration_text:
    input:
        source=calibration_text_files,
    output:
        text="results/calibration_text/{order}.parquet",
    log:
        "logs/calibration_text/{order}.log",
    params:
        order=lambda wildcards: settings.orders[wildcards.order].model_dump(mode="json"),
        data_folder=settings.study.folders.data,
        code=code("prepare_calibration_text.py"),
    script:
        "../scripts/prepare_calibration_text.py"


rule rank_layers:
    input:
        model="results/models/{model}/model.json",
        text="results/calibration_text/{order}.parquet",
    output:
        order="results/{model}/{order}/order.parquet",
    log:
        "logs/{model}/{order}/rank_layers.log",
    params:
        order=lambda wildcards: settings.orders[wildcards.order].model_dump(mode="json"),
        scoring=settings.study.scoring.model_dump(mode="json"),
        code=lambda wildcards: code("rank_layers.py", criterion_file(wildcards.order)),
    threads: settings.study.scoring.threads
    resources:
        gpu=gpus,
    script:
        "../scripts/rank_layers.py"
