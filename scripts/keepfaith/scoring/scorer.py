"""Scorer: token ids in, summed log-likelihoods of choices out, for any levels of one pruning path."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from keepfaith.artifacts.progress import Progress
from keepfaith.models.components import Step, check_order
from keepfaith.models.finite import check_finite
from keepfaith.models.positions import turning_lengths
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.batches import collate
from keepfaith.scoring.budget import TokenBudget, automatic_budget
from keepfaith.scoring.encoding import GradientInput, ScoringInput
from keepfaith.scoring.gradients import GradientRows, SumOfRows
from keepfaith.scoring.layout import Packing, Row
from keepfaith.scoring.packing import packing_of
from keepfaith.scoring.pool import Pool
from keepfaith.scoring.reading import token_log_probabilities
from keepfaith.scoring.sweep import Sweep, sweeping

logger = logging.getLogger(__name__)


class OptionScorer:
    """Scores choices after prompts at the levels of one order.

    Results do not depend on the budget, on the order of the inputs or on other inputs of the same call,
    beyond float rounding (1e-5 in float32, relative to a sum's size if it exceeds one).

    Attributes:
        model: the model; its sub-layers are turned on and off during a call.
        order: components in the order in which they are dropped.
        first: the level that the model has as it was loaded; level k drops the first k - `first` components.
        packing: whether choices share a row (determined once, logged).

    Examples:
        >>> from keepfaith.config.shipped import BUILTIN_CHECKPOINT
        >>> from keepfaith.models.loading import load_model, load_tokenizer
        >>> from keepfaith.scoring.encoding import PromptEncoder
        >>> question = "The ending was definitely clumsy.\\nQuestion: Is this review positive or negative?\\nAnswer:"
        >>> encoder = PromptEncoder(load_tokenizer(BUILTIN_CHECKPOINT))
        >>> encoded = encoder.encode(question, [" negative", " positive"])
        >>> model = PrunableModel(load_model(BUILTIN_CHECKPOINT, device="cpu"))
        >>> scorer = OptionScorer(model, order=[7, 6, 5])
        >>> asked = ScoringInput(encoded.prompt_ids, encoded.option_ids)
        >>> (found,) = scorer.log_likelihoods([asked], levels=[0, 1, 3])
        >>> found.shape  # levels, options
        (3, 2)
        >>> found.argmax(axis=1).tolist()  # the answer is "negative" at all three levels
        [0, 0, 0]
    """

    def __init__(
        self,
        model: PrunableModel,
        order: Sequence[Step],
        token_budget: int | None = None,
        packing: Packing | None = None,
        first: int = 0,
    ) -> None:
        """
        Args:
            model: see above.
            order: see above.
            token_budget: padded tokens per batch at the start, by default what fits the machine; halved
                when memory runs out.
            packing: overrides the automatic setting, for tests and measurements.
            first: see above; other than 0 where a level is a checkpoint of its own.
        """
        self.model = model
        self.order = tuple(order)
        self.first = first
        turns = turning_lengths(model.model.config)
        self.packing = replace(packing or packing_of(model), turns=turns)
        if turns:
            logger.info("inputs up to and above %s tokens never share a batch", turns)
        if token_budget is None:
            token_budget = automatic_budget(model, len(self.order) + 1)
            logger.info("token budget %d, computed from the machine's memory", token_budget)
        self._budget = TokenBudget(token_budget)

    @property
    def budget_used(self) -> int:
        """The token budget after all halvings so far."""
        return self._budget.tokens

    def log_likelihoods(
        self, inputs: Sequence[ScoringInput], levels: Sequence[int]
    ) -> list[NDArray[np.float64]]:
        """Summed log-likelihood of every choice, in nats.

        Equal prompts are fed once, with all their choices. All levels are computed in one pass (see `sweep`).

        Args:
            inputs: prompts and choices, none of them empty.
            levels: levels of the order, in any order.

        Returns:
            Per input an array [len(levels), number of its choices].

        Raises:
            ScoringError: an empty prompt or choice, or a single row that does not fit into memory.
            NotFiniteError: the model's log-probabilities contain NaN or infinity.
            ValueError: a level outside the order.
        """
        check_order(self.order, self._steps(levels))
        pool = Pool(inputs)
        rows = self.packing.rows(pool.options)
        distinct = sorted(set(levels))
        values = np.zeros((len(distinct), pool.slots))
        progress = Progress(len(rows) * len(distinct), "rows x levels", logger, quiet=True)
        with (
            torch.inference_mode(),
            sweeping(self.model, self.order, self._steps(distinct)) as sweep,
        ):
            for batch, (slots, scores) in self._budget.run(rows, partial(self._score, sweep)):
                for index, level_scores in enumerate(scores):
                    check_finite(
                        level_scores,
                        f"level {distinct[index]}: the log-probabilities",
                        self.model.dtype,
                    )
                    np.add.at(values[index], slots, level_scores)
                progress.advance(len(batch) * len(distinct))
        return pool.scatter(values[np.searchsorted(distinct, levels)])

    def _steps(self, levels: Sequence[int]) -> list[int]:
        """Numbers of components that these levels drop from the model as it was loaded."""
        return [level - self.first for level in levels]

    def _score(
        self, sweep: Sweep, rows: Sequence[Row]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        batch = collate(rows, self.model.device, self.model.dtype)
        sweep.reads = (batch.rows, batch.columns)
        scores = token_log_probabilities(self.model, batch)
        return batch.slots.cpu().numpy(), scores.double().cpu().numpy()

    def embedding_effects(
        self, inputs: Sequence[GradientInput], level: int, with_options: bool = False
    ) -> list[NDArray[np.float64]]:
        """First-order effect of every prompt token on the weighted sum of the choices' log-likelihoods.

        The effect of a token is the inner product of the gradient with respect to its embedding, at the input's point
        between baseline and prompt, with the difference of its embedding from the baseline's. Inputs of different
        examples and points share batches.

        Args:
            inputs: prompts, choices with their weights, and points; equal ones are not merged.
            level: the level of the order.
            with_options: add one number at the end: the effect of all tokens of the choices, where the baseline is
                zero vectors.

        Returns:
            Per input an array [prompt tokens], or [prompt tokens + 1], in nats.

        Raises:
            ScoringError, NotFiniteError, ValueError: as `log_likelihoods`.
        """

        def effects(gradients: torch.Tensor, difference: torch.Tensor) -> torch.Tensor:
            return (gradients.double() * difference.double()).sum(-1)  # [B, T]

        def of_row(found: NDArray[np.float64], tokens: int) -> NDArray[np.float64]:
            kept = found[:tokens]
            return np.append(kept, found[tokens:].sum()) if with_options else kept

        return self._differentiated(inputs, level, effects, of_row)

    def gradient_norms(
        self, inputs: Sequence[GradientInput], level: int
    ) -> list[NDArray[np.float64]]:
        """Euclidean norm of the gradient with respect to the embedding of every prompt token.

        Args, Raises: as `embedding_effects`.

        Returns:
            Per input an array [prompt tokens].
        """

        def vectors(gradients: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
            return gradients.double()  # [B, T, hidden]

        def of_row(found: NDArray[np.float64], tokens: int) -> NDArray[np.float64]:
            return found[:tokens]

        # Gradients of several rows of one input add up before their norm is taken.
        return [
            np.linalg.norm(gradients, axis=-1)
            for gradients in self._differentiated(inputs, level, vectors, of_row)
        ]

    def _differentiated(
        self,
        inputs: Sequence[GradientInput],
        level: int,
        reduce: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        of_row: Callable[[NDArray[np.float64], int], NDArray[np.float64]],
    ) -> list[NDArray[np.float64]]:
        asked = GradientRows(inputs, self.packing, weighted_only=True)

        def work(rows: Sequence[Row]) -> NDArray[np.float64]:
            found: NDArray[np.float64] = (
                reduce(*asked.differentiate(self.model, rows)).cpu().numpy()
            )
            return found

        found: dict[int, NDArray[np.float64]] = {}
        sums = SumOfRows(list(asked.counts))
        progress = Progress(len(asked.rows), f"gradients at level {level}", logger, quiet=True)
        with self.model.at_level(self.order, level - self.first):
            for batch, parts in self._budget.run(asked.rows, work):
                check_finite(parts, f"level {level}: the gradients", self.model.dtype)
                for row, part in zip(batch, parts, strict=True):
                    number = asked.owner(row)
                    whole = sums.add(number, of_row(part, len(inputs[number].prompt_ids)))
                    if whole is not None:
                        found[number] = whole
                progress.advance(len(batch))
        return [found[number] for number in range(len(inputs))]

    def log_likelihoods_at(
        self, inputs: Sequence[GradientInput], level: int
    ) -> list[NDArray[np.float64]]:
        """Log-likelihood of every choice at each input's point, whatever its weight.

        Args, Raises: as `embedding_effects`.

        Returns:
            Per input an array [number of its choices], in nats.
        """
        asked = GradientRows(inputs, self.packing, weighted_only=False)
        found = []
        with self.model.at_level(self.order, level - self.first):
            for batch, scores in self._budget.run(
                asked.rows, partial(asked.log_probabilities, self.model)
            ):
                check_finite(scores, f"level {level}: the log-probabilities", self.model.dtype)
                found.append((batch, scores))
        return asked.log_likelihoods(found)
