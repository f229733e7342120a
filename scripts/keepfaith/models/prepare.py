"""From a model's source (hub, local folder, built-in folder) to a checked local folder and its manifest."""

from pathlib import Path
from typing import Any

from keepfaith.config.adapters import adapters_beside, is_adapter, merge_adapter, two_models_of
from keepfaith.config.errors import ConfigError
from keepfaith.config.model_folder import (
    PICKLES,
    TOKENIZER,
    TOKENIZER_CONFIG,
    check_description,
    lacks_tokenizer,
    layer_count,
)
from keepfaith.hub.errors import Address, HubError
from keepfaith.hub.repository import Repository, open_repository
from keepfaith.models.sources import ModelError, ModelManifest, is_allowed, prepare_folder


def prepare_model(name: str, source: dict[str, Any], builtin: Path) -> ModelManifest:
    """Prepare a model from a `hub`, `local` or `builtin` source as the configuration writes it.

    Args:
        name: the model's name in the catalog.
        source: `kind` and its fields.
        builtin: folder of the checkpoint that ships with keepfaith.

    Raises:
        ModelError: see `prepare_hub` and `prepare_folder`; also for a kind that is not prepared here.
    """
    match source["kind"]:
        case "hub":
            return prepare_hub(name, source["repository"], source["revision"], source["layers"])
        case "local":
            return prepare_folder(name, Path(source["path"]))
        case "builtin":
            return prepare_folder(name, builtin, source="builtin")
        case kind:
            raise ModelError(f"model {name}: sources of kind {kind} are not prepared but trained")


def prepare_hub(name: str, repository: str, revision: str, layers: int) -> ModelManifest:
    """Fetch the safetensors, configuration and tokenizer of a hub model; nothing else is fetched.

    Args:
        name: the model's name in the catalog.
        repository: owner/name.
        revision: a commit, tag or branch.
        layers: the number of layers that the catalog speaks of.

    Raises:
        ModelError: the repository or revision cannot be had, it holds no whole model (no safetensors or damaged ones,
            no tokenizer.json, an adapter), its files are not of one model, or it has another number of layers.
    """
    address = Address("model", repository, revision)
    try:
        opened = open_repository(address)
        # Folders below hold other formats of the same weights.
        paths = [path for path in opened.paths if "/" not in path]
        # All before anything large is fetched.
        _refuse_adapter(name, address, paths)
        _refuse_pickles(name, address, paths)
        _check_layers(name, opened, paths, layers)
        _check_tokenizer(name, opened, paths)
        for path in filter(is_allowed, paths):
            folder = opened.fetch(path).parent
    except HubError as error:
        raise ModelError(f"model {name}: {error}") from error
    except ConfigError as error:
        raise _on_the_hub(error, address) from error
    try:
        return prepare_folder(name, folder, source=f"hub:{repository}", revision=opened.commit)
    except ModelError as error:
        raise _on_the_hub(error, address) from error


def _on_the_hub(error: Exception, address: Address) -> ModelError:
    """The files cannot be mended where they are."""
    return ModelError(f"{error} ({address} is so on the hub: name another revision or repository)")


def _refuse_adapter(name: str, address: Address, paths: list[str]) -> None:
    if is_adapter(paths):
        raise ModelError(
            f"model {name}: {address} {merge_adapter(address.repository)} as a local model"
        )
    if beside := adapters_beside(paths):
        raise ModelError(
            f"model {name}: {address} {two_models_of(beside)}; fetch it into a folder, and name that as a local model"
        )


def _refuse_pickles(name: str, address: Address, paths: list[str]) -> None:
    if any(path.endswith(".safetensors") for path in paths):
        return
    pickles = [path for path in paths if Path(path).suffix in PICKLES]
    found = f"only {pickles[0]}, which may run code on loading" if pickles else "no weights"
    raise ModelError(
        f"model {name}: {address} holds {found}; name a revision or repository with *.safetensors, or convert it "
        "with save_pretrained and use a local folder"
    )


def _check_layers(name: str, opened: Repository, paths: list[str], layers: int) -> None:
    if "config.json" not in paths:
        raise ModelError(
            f"model {name}: {opened.address} has no config.json; name a model of transformers"
        )
    folder = opened.fetch("config.json").parent
    check_description(f"model {name}", folder)
    found = layer_count(f"model {name}", folder)
    if found != layers:
        raise ModelError(
            f"model {name}: source.layers is {layers}, but {opened.address} has {found} layers; type {found}"
        )


def _check_tokenizer(name: str, opened: Repository, paths: list[str]) -> None:
    if TOKENIZER in paths:
        return
    configuration = Path(TOKENIZER_CONFIG)
    if TOKENIZER_CONFIG in paths:
        configuration = opened.fetch(TOKENIZER_CONFIG)
    repository, revision = opened.address.repository, opened.address.revision
    cure = (
        f"fetch it with `hf download {repository} --revision {revision} --local-dir FOLDER`, load and save the "
        "tokenizer there once: AutoTokenizer.from_pretrained('FOLDER').save_pretrained('FOLDER'), and name FOLDER as "
        "a local model"
    )
    raise ModelError(
        f"model {name}: {opened.address} {lacks_tokenizer(paths, configuration, cure)}"
    )
