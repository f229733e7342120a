"""Fixtures for packages that need a model and for new plug-ins; which architectures `make test-fast` leaves out."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

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


@pytest.fixture
def add_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str, str], None]]:
    """Adds a file to a package of keepfaith for the time of a test: package, name of the plug-in, its text."""
    added = []

    def add(package: str, name: str, text: str) -> None:
        folder = tmp_path / package
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        module = importlib.import_module(package)
        monkeypatch.setattr(module, "__path__", [*module.__path__, str(folder)])
        added.append((module, name))

    yield add
    for module, name in added:
        sys.modules.pop(f"{module.__name__}.{name}", None)
        vars(module).pop(name, None)
