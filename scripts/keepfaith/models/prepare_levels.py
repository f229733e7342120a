"""Preparation of checkpoints as levels: every folder checked, and comparable with the dense model."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from tokenizers import Tokenizer

from keepfaith.artifacts.schemas import CHECKPOINTS
from keepfaith.artifacts.tables import conform
from keepfaith.config.errors import ConfigError
from keepfaith.config.model_files import TOKENIZER
from keepfaith.config.same_tokenizer import check_same_tokenizer
from keepfaith.config.schema import Checkpoint
from keepfaith.models.prepare import prepare_hub
from keepfaith.models.sources import ModelError, ModelManifest, prepare_folder

_DENSE = "dense"
"""Label of level 0."""


def prepare_checkpoints(
    order: str, dense: ModelManifest, sources: Mapping[int, Checkpoint]
) -> pl.DataFrame:
    """Fetch and check the models of all levels; returns CHECKPOINTS, the dense model first.

    Args:
        order: name of the order.
        dense: the prepared dense model.
        sources: by level; the paths of folders start at the working directory.

    Raises:
        ModelError: a folder or repository is no complete model, or its tokenizer, longest input or rows of embeddings
            do not allow the inputs of the dense model, or it is the model of another level; one line, with both.
    """
    levels = {0: (_DENSE, dense)}
    for level, source in sorted(sources.items()):
        manifest = _prepared(f"{order}, level {level}", source)
        _check_comparable(f"order {order}, level {level}", manifest, dense)
        _check_other(f"order {order}, level {level}", manifest, levels)
        levels[level] = (source.name, manifest)
    rows = [
        {
            "level": level,
            "label": label,
            "folder": manifest.folder,
            "source": manifest.source,
            "revision": manifest.revision,
            "model_type": manifest.model_type,
            "layers": manifest.layers,
            "files": manifest.digest,
        }
        for level, (label, manifest) in levels.items()
    ]
    return conform(pl.DataFrame(rows, schema=dict(CHECKPOINTS.columns)), CHECKPOINTS)


def _prepared(name: str, source: Checkpoint) -> ModelManifest:
    if source.path is not None:
        return prepare_folder(name, Path(source.path), exported=True)
    assert source.repository is not None and source.revision is not None
    return prepare_hub(name, source.repository, source.revision, layers=None, exported=True)


def _check_other(
    location: str, found: ModelManifest, levels: Mapping[int, tuple[str, ModelManifest]]
) -> None:
    """Refuse a level whose files are those of another: it would be kept, whatever it is called."""
    for level, (label, other) in levels.items():
        if found.computing_files == other.computing_files:
            raise ModelError(
                f"{location}: {found.folder} holds the same model as level {level} ({label}), {other.folder}, bit for "
                "bit; name the folder of the other model, or leave the level out"
            )


def _check_comparable(location: str, found: ModelManifest, dense: ModelManifest) -> None:
    """Refuse a model that cannot be asked what the dense model is asked."""
    try:
        check_same_tokenizer(location, Path(found.folder), Path(dense.folder))
    except ConfigError as error:
        raise ModelError(str(error)) from error
    tokenizer = Tokenizer.from_file(str(Path(dense.folder) / TOKENIZER))
    needed = min(dense.vocabulary, max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1)
    if found.vocabulary < needed:
        raise ModelError(
            f"{location}: {found.folder} has embeddings of {found.vocabulary} tokens, and the tokenizer of the dense "
            f"model, {dense.folder}, has {needed}; use a checkpoint that keeps them"
        )
    longest, of_dense = found.context_length, dense.context_length
    if longest is not None and (of_dense is None or longest < of_dense):
        raise ModelError(
            f"{location}: {found.folder} takes inputs of {longest} tokens, and the dense model, {dense.folder}, of "
            f"{of_dense or 'any number'}, so that prompts would be cut at other places; use a checkpoint that takes as "
            "many"
        )
