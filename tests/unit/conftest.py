"""Fixtures for the rooms that need a model, and which architectures `make test-fast` leaves out."""

import sys

import pytest
from small_models import byte_level_tokenizer, metaspace_tokenizer, tiny_llama

TYPICAL = {"llama", "gemma3", "gpt2", "gpt_neox", "mixtral"}
"""Sequential and parallel blocks, norms on both sides, sliding windows, experts; the other architectures are slow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on an architecture of `zoo` that is not typical are slow; together they take longer than all others."""
    zoo = sys.modules.get("zoo")  # imports torch: not where no test has asked for it
    families = set(zoo.FAMILIES) - TYPICAL if zoo else set()
    for item in items:
        parameters = (
            item.callspec.params
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
            else {}
        )
        if any(isinstance(value, str) and value in families for value in parameters.values()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", params=["bos", "no_bos"])
def tokenizer(request):
    return metaspace_tokenizer() if request.param == "bos" else byte_level_tokenizer()


@pytest.fixture(scope="session")
def encoder(tokenizer):
    from keepfaith.scoring.encoding import PromptEncoder

    return PromptEncoder(tokenizer, 256)


@pytest.fixture(scope="session")
def scorer(tokenizer):
    """A scorer of all levels of a four-layer path."""
    from keepfaith.models.removal import PrunableModel
    from keepfaith.scoring.scorer import OptionScorer

    return OptionScorer(
        PrunableModel(tiny_llama(len(tokenizer))), order=(2, 0, 3), token_budget=2048
    )
