"""A hub with a small model and a small data set, and clients with a cache of their own."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_client import CARD, TESTS, Client, parquet, reviews
from hub_server import Faults, Hub, Repo

sys.path[:0] = [str(TESTS / "unit"), str(TESTS / "workflow")]


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A tiny Llama with a large vocabulary: its 16 MB are more than the 10 MB that the client writes at once."""
    import torch
    from small_models import metaspace_tokenizer
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("model")
    tokenizer = metaspace_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=32_000,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # What a repository also holds, and nobody here reads.
    (folder / "README.md").write_text("A model.")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="session")
def data_files() -> dict[str, bytes]:
    return {
        "README.md": CARD,
        "films/train-0.parquet": parquet(reviews("film", 40)),
        "films/train-1.parquet": parquet(reviews("other film", 40)),
        "films/test.parquet": parquet(reviews("new film", 80)),
        "books/test.parquet": parquet(reviews("book", 80)),
    }


@pytest.fixture(scope="session")
def running() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def hub(running: Hub, model_files: dict[str, bytes], data_files: dict[str, bytes]) -> Hub:
    """The hub without faults, with `owner/tiny` and `owner/reviews`."""
    running.repos = {
        ("models", "owner/tiny"): Repo(dict(model_files)),
        ("datasets", "owner/reviews"): Repo(dict(data_files)),
    }
    running.renamed = {}
    running.faults = Faults()
    running.requests.clear()
    return running


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("machine")


@pytest.fixture
def client(hub: Hub, machine: Path) -> Client:
    """Its cache is empty, and always in the same place: its libraries have been told so when they were imported."""
    home = machine / "home"
    if home.exists():
        shutil.rmtree(home)
    return Client(hub, home)
