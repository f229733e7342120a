"""Opening a prepared model folder: an encoder, and with an order a scorer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from keepfaith.models.components import Step
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.positions import longest_input
from keepfaith.models.removal import PrunableModel
from keepfaith.models.slim import read_config
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.scorer import OptionScorer


@dataclass(frozen=True)
class Scoring:
    """Settings for calling a model: the `scoring` settings of a study and the CPU threads of the job."""

    token_budget: int | Literal["auto"]
    dtype: str
    device: str
    over_long: str
    threads: int
    unscorable: str = "refuse"


def open_scorer(
    folder: Path | str,
    order: Sequence[Step],
    scoring: Scoring,
    first: int = 0,
    dense: Path | str | None = None,
) -> tuple[OptionScorer, PromptEncoder]:
    """Load a model with its tokenizer, as scorer and encoder.

    Args:
        folder: a checked folder (`models.sources`).
        order: components in the order in which they are dropped; may be empty for the dense model alone.
        scoring: see above.
        first: the level that the folder has as it is.
        dense: folder whose tokenizer and longest input count, where `folder` is a checkpoint beside the dense model.
    """
    torch.set_num_threads(scoring.threads)
    model = PrunableModel(load_model(folder, scoring.dtype, scoring.device))
    budget = None if scoring.token_budget == "auto" else scoring.token_budget
    scorer = OptionScorer(model, order, budget, first=first)
    return scorer, open_encoder(dense or folder, scoring, model.embedding_rows)


def open_encoder(
    folder: Path | str, scoring: Scoring, embedding_rows: int | None = None
) -> PromptEncoder:
    """Load a model's tokenizer; no weight is read.

    Args:
        folder: as for `open_scorer`.
        scoring: see above.
        embedding_rows: rows of the model's input embedding. Unknown without the model, and not needed for prompts
            that have predictions: tokens without a row were refused then.
    """
    return PromptEncoder(
        load_tokenizer(folder),
        longest_input(read_config(folder)),
        cut_left=scoring.over_long == "cut_left",
        embedding_rows=embedding_rows,
    )
