"""Inputs to be differentiated: their rows, and the embeddings to feed at the point of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.batches import Batch, collate
from keepfaith.scoring.inputs import GradientInput
from keepfaith.scoring.layout import Packing, Row, TokenPrompt
from keepfaith.scoring.pool import ScoringError
from keepfaith.scoring.reading import token_log_probabilities


class GradientRows:
    """Rows of gradient inputs; a row holds choices of one input only, and an input may need several rows.

    Attributes:
        inputs: the inputs.
        rows: what is fed.
        counts: by input, its number of rows.
    """

    def __init__(
        self, inputs: Sequence[GradientInput], packing: Packing, weighted_only: bool
    ) -> None:
        """
        Args:
            inputs: equal ones are not merged: their points differ.
            packing: whether choices may share a row.
            weighted_only: whether choices of weight 0 are left out.

        Raises:
            ScoringError: an empty prompt or choice.
            ValueError: an input has not one weight per choice, or none that counts.
        """
        self.inputs = inputs
        self.rows: list[Row] = []
        self.counts: list[int] = []
        self._owners: list[int] = []
        self._weights: list[float] = []
        self._slots_of: list[list[int]] = []
        for number, item in enumerate(inputs):
            if not item.prompt_ids or not all(item.option_ids):
                raise ScoringError(f"input {number} has an empty prompt or choice")
            slots: dict[tuple[int, ...], int] = {}
            for option, weight in zip(item.option_ids, item.weights, strict=True):
                if weighted_only and weight == 0:
                    continue
                slot = slots.setdefault(option, len(self._owners))
                if slot == len(self._owners):
                    self._owners.append(number)
                    self._weights.append(0.0)
                self._weights[slot] += weight
            if not slots:
                raise ValueError(f"input {number} weighs none of its choices")
            self._slots_of.append([slots.get(option, -1) for option in item.option_ids])
            rows = packing.rows({TokenPrompt(item.prompt_ids): slots})
            self.rows += rows
            self.counts.append(len(rows))

    def owner(self, row: Row) -> int:
        """Number of the input of a row."""
        return self._owners[row.slots[0]]

    def log_probabilities(self, model: PrunableModel, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Log-probability of every target of `rows`, one row after the other, each at its input's point."""
        batch = collate(rows, model.device, model.dtype)
        with torch.no_grad():
            point, _ = self._points(model, batch, rows)
            scores: NDArray[np.float64] = (
                token_log_probabilities(model, batch, point)[0].double().cpu().numpy()
            )
        return scores

    def log_likelihoods(
        self, values: Sequence[tuple[Sequence[Row], NDArray[np.float64]]]
    ) -> list[NDArray[np.float64]]:
        """Per input, from `log_probabilities` of all rows: the log-likelihood of each choice."""
        sums = np.zeros(len(self._owners))
        for rows, scores in values:
            np.add.at(sums, [slot for row in rows for slot in row.slots], scores)
        return [sums[slots] for slots in self._slots_of]

    def differentiate(
        self, model: PrunableModel, rows: Sequence[Row]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Gradients of the rows' weighted sums by the embeddings that are fed, and what they are multiplied with.

        Returns:
            The gradients, [B, T, hidden]; and the embeddings less those of the baseline, [B, T, hidden]: zero for
            tokens of choices, which are the same in every baseline, except where the baseline is zero vectors.
        """
        batch = collate(rows, model.device, model.dtype)
        with torch.no_grad():
            point, difference = self._points(model, batch, rows)
        with torch.enable_grad():
            point.requires_grad_()
            scores = token_log_probabilities(model, batch, point)
            weights = scores.new_tensor([self._weights[slot] for row in rows for slot in row.slots])
            (gradients,) = torch.autograd.grad((scores * weights).sum(), point)
        return gradients, difference

    def _points(
        self, model: PrunableModel, batch: Batch, rows: Sequence[Row]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The embeddings to feed, and their difference from the baseline, [B, T, hidden]."""
        embed = model.model.get_input_embeddings()
        whole: torch.Tensor = embed(batch.arguments["input_ids"])
        baseline, shares = whole.clone(), whole.new_ones(len(rows), 1, 1)
        for number, row in enumerate(rows):
            item = self.inputs[self.owner(row)]
            own = baseline[number, : len(item.prompt_ids)]
            if item.baseline_ids is None:
                own.zero_()
            else:
                own.copy_(embed(torch.tensor(item.baseline_ids, device=whole.device)))
            shares[number] = item.share
        difference = whole - baseline
        point = baseline + shares * difference
        for number, row in enumerate(rows):
            item = self.inputs[self.owner(row)]
            if item.baseline_ids is None:
                options = slice(len(item.prompt_ids), len(row))
                difference[number, options] = whole[number, options]
        return point, difference


@dataclass
class SumOfRows:
    """Sums of arrays over the rows of an input, each handed out once all its rows are there."""

    counts: list[int]

    def __post_init__(self) -> None:
        self._sums: dict[int, NDArray[np.float64]] = {}

    def add(self, number: int, part: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Add a row's part to the sum of input `number`; the whole sum with the last row, else None."""
        if number in self._sums:
            self._sums[number] += part
        else:
            self._sums[number] = part.copy()
        self.counts[number] -= 1
        return None if self.counts[number] else self._sums.pop(number)
