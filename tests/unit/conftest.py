"""Fixtures for the rooms that need a model."""

import pytest
from small_models import byte_level_tokenizer, metaspace_tokenizer, tiny_llama


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
