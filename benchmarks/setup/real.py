"""A real model from a folder, with the order of the package's own criterion on it."""

import argparse
from pathlib import Path

from keepfaith.config.schema import BuiltinText, LocalText
from keepfaith.models.components import Component
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import components_of
from keepfaith.orders.rank import rank_layers
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.tasks.text import calibration_text

MAXIMUM = 15
"""Highest level: half of the 30 layers of SmolLM2-135M."""
SAMPLES = 8
SAMPLE_TOKENS = 256
SEED = 0


def add_model(arguments: argparse.ArgumentParser) -> None:
    """Options that name a real model, and the data it is ranked and measured on."""
    arguments.add_argument(
        "--model", type=Path, help="folder of a real model, measured beside the random one"
    )
    arguments.add_argument(
        "--data",
        type=Path,
        help="folder of local data (folders.data): wikitext2/train.jsonl to rank the real model's layers on, in place "
        "of the built-in text",
    )


def missing(folder: Path | None, data: Path | None = None) -> str:
    """Why there is no real model to measure; empty where there is one."""
    if data is not None and not data.is_dir():
        return f"no real model is measured: there is no folder {data}; give another with --data"
    if folder is None:
        return "no real model is measured: give its folder with --model"
    if not (folder / "config.json").is_file():
        return f"no real model is measured: {folder} holds no config.json; give another folder with --model"
    return ""


def levels_of(model: PrunableModel) -> list[int]:
    """The levels that a real model is measured at."""
    return list(range(min(MAXIMUM, model.layers) + 1))


def real_model(
    folder: Path, data: Path | None
) -> tuple[PrunableModel, list[Component], PromptEncoder]:
    """The model in float32 on the CPU, its cosine order on WikiText-2 (or the built-in text), and its encoder."""
    model, tokenizer = PrunableModel(load_model(folder, "float32", "cpu")), load_tokenizer(folder)
    file = data / "wikitext2" / "train.jsonl" if data else None
    source: LocalText | BuiltinText = BuiltinText(kind="builtin", rows_per_sample=4)
    if file and file.is_file():
        source = LocalText(kind="local", path=str(file), column="text", rows_per_sample=4)
    texts = calibration_text(source, SAMPLES, SEED)
    order = components_of(rank_layers("cosine", model, tokenizer, texts, SAMPLE_TOKENS))
    print(f"{folder.name}: cosine order on {source.kind} text, first dropped first: ", end="")
    print(*(layer for layer, _ in order), flush=True)
    return model, order, PromptEncoder(tokenizer, model.context_length)
