"""From a prepared model folder and an order to a scorer that is ready for work."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from keepfaith.models.components import Step
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.scorer import OptionScorer


@dataclass(frozen=True)
class Scoring:
    """How a model is called: the `scoring` settings of a study and the CPU threads of the job."""

    token_budget: int | Literal["auto"]
    dtype: str
    device: str
    over_long: str
    threads: int
    unscorable: str = "refuse"


def open_scorer(
    folder: Path | str, order: Sequence[Step], scoring: Scoring
) -> tuple[OptionScorer, PromptEncoder]:
    """Load a model with its tokenizer, and put scorer and encoder on top.

    Args:
        folder: a checked folder (`models.sources`).
        order: components in the order in which they are dropped; may be empty for the dense model alone.
        scoring: see above.
    """
    torch.set_num_threads(scoring.threads)
    model = PrunableModel(load_model(folder, scoring.dtype, scoring.device))
    budget = None if scoring.token_budget == "auto" else scoring.token_budget
    scorer = OptionScorer(model, order, budget)
    encoder = PromptEncoder(
        load_tokenizer(folder),
        model.context_length,
        cut_left=scoring.over_long == "cut_left",
        embedding_rows=model.embedding_rows,
    )
    return scorer, encoder
