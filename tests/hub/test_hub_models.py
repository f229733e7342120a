"""Models of the hub, through the real client: fetched, checked, resumed, used offline, refused in one sentence."""

import json
from pathlib import Path

import pytest
from hub_client import Client
from hub_server import GOOD_TOKEN, OUTSIDER_TOKEN, Hub, Repo, sha256

from keepfaith.models.sources import ModelError, prepare_folder

REPOSITORY = ("models", "owner/tiny")
WEIGHTS = "model.safetensors"


def refused(client: Client, repository: str = "owner/tiny", revision: str = "main", **variables):
    """The sentence; it is one line, and the attempt was the only one."""
    answer = client.ask("model", repository, revision, **variables)
    assert answer.get("error") == "ModelError", answer
    assert "\n" not in answer["sentence"]
    return answer["sentence"]


def commit(hub: Hub) -> str:
    return hub.repos[REPOSITORY].commit


def test_a_model_is_fetched_by_commit_and_again_without_a_request(
    client: Client, hub: Hub, model_files
) -> None:
    made = client.ask("model", "owner/tiny", "v1")["made"]
    assert (made["source"], made["revision"]) == ("hub:owner/tiny", commit(hub))
    assert made["files"][WEIGHTS] == sha256(model_files[WEIGHTS])
    # The pickle and the page are not fetched.
    assert not {"pytorch_model.bin", "README.md"} & set(made["files"])
    assert not [r for r in hub.requests if "pytorch_model" in r.path or "README" in r.path]
    seen = len(hub.requests)
    assert client.ask("model", "owner/tiny", commit(hub))["made"] == made
    assert len(hub.requests) == seen
    # A tag needs its commit from the cache where there is no network.
    assert client.ask("model", "owner/tiny", "v1", HF_HUB_OFFLINE="1")["made"] == made
    assert len(hub.requests) == seen


def test_a_cut_connection_goes_on_where_it_stopped(client: Client, hub: Hub, model_files) -> None:
    hub.faults.cut = {WEIGHTS: 70}
    assert "made" in client.ask("model", "owner/tiny", "main")
    assert hub.ranges() and set(hub.ranges()) == {f"bytes={10 << 20}-"}
    assert sum(r.host == "cdn" for r in hub.requests) == 2


def test_another_process_goes_on_where_the_first_stopped(
    client: Client, hub: Hub, model_files
) -> None:
    hub.faults.cut_then_busy = {WEIGHTS: 70}
    assert "the hub answers 503 for owner/tiny at main; run the same command later" in refused(
        client
    )
    (kept,) = [path for path in client.blobs() if path.suffix == ".incomplete"]
    size = kept.stat().st_size
    assert 0 < size < len(model_files[WEIGHTS])
    hub.faults.busy = False
    hub.requests.clear()
    made = client.ask("model", "owner/tiny", "main")["made"]
    assert made["files"][WEIGHTS] == sha256(model_files[WEIGHTS])
    assert set(hub.ranges()) == {f"bytes={size}-"}
    assert not [path for path in client.blobs() if path.suffix == ".incomplete"]


def test_half_a_file_that_poses_as_the_whole(client: Client, hub: Hub, model_files) -> None:
    hub.faults.short = {WEIGHTS: 1, "config.json": 1}
    made = client.ask("model", "owner/tiny", "main")["made"]
    assert made["files"][WEIGHTS] == sha256(model_files[WEIGHTS])
    assert made["files"]["config.json"] == sha256(model_files["config.json"])
    assert f"bytes={len(model_files[WEIGHTS]) // 2}-" in hub.ranges()


def test_changed_bytes_are_fetched_again(client: Client, hub: Hub, model_files) -> None:
    hub.faults.corrupt = {WEIGHTS: 1, "tokenizer.json": 1}
    answer = client.ask("model", "owner/tiny", "main")
    assert answer["made"]["files"][WEIGHTS] == sha256(model_files[WEIGHTS])
    assert answer["made"]["files"]["tokenizer.json"] == sha256(model_files["tokenizer.json"])
    assert answer["log"].count("is fetched again") == 2


def test_bytes_that_stay_changed_are_never_accepted(client: Client, hub: Hub) -> None:
    hub.faults.corrupt = {"config.json": 99}
    assert "/config.json arrived damaged, twice" in refused(client)
    hub.faults.corrupt = {WEIGHTS: 99}
    sentence = refused(client)
    assert f"/{WEIGHTS} arrived damaged, twice: its checksum is" in sentence
    assert "look for a proxy that changes files" in sentence


def test_a_cache_damaged_on_disk_is_found(client: Client, hub: Hub, model_files) -> None:
    client.ask("model", "owner/tiny", commit(hub))
    (blob,) = [path for path in client.blobs() if path.name == sha256(model_files[WEIGHTS])]
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    offline = refused(client, revision=commit(hub), HF_HUB_OFFLINE="1")
    assert f"HF_HUB_OFFLINE is set, but owner/tiny at {commit(hub)} is not complete" in offline
    assert "run the same command once without HF_HUB_OFFLINE" in offline
    made = client.ask("model", "owner/tiny", commit(hub))["made"]
    assert made["files"][WEIGHTS] == sha256(model_files[WEIGHTS])


def test_weights_that_are_damaged_on_the_hub(client: Client, hub: Hub) -> None:
    hub.repos[REPOSITORY].files[WEIGHTS] = hub.repos[REPOSITORY].files[WEIGHTS][:-100]
    sentence = refused(client)
    assert f"{WEIGHTS} is cut short" in sentence
    assert "owner/tiny at main is so on the hub: name another revision or repository" in sentence


def test_offline_without_a_cache(client: Client, hub: Hub) -> None:
    sentence = refused(client, HF_HUB_OFFLINE="1")
    assert sentence == (
        f"model mine: HF_HUB_OFFLINE is set, but owner/tiny at main is not complete in the cache "
        f"{client.home}/hub; run the same command once without HF_HUB_OFFLINE and with a network"
    )
    assert not hub.requests


def test_gated_models_and_tokens(client: Client, hub: Hub) -> None:
    hub.repos[REPOSITORY].gated = True
    page = f"{hub.endpoint}/owner/tiny"
    assert refused(client) == (
        f"model mine: owner/tiny is gated; accept the licence at {page}, then type `hf auth login` or set HF_TOKEN"
    )
    assert refused(client, HF_TOKEN=OUTSIDER_TOKEN) == (
        f"model mine: owner/tiny is gated and the account of your token has no access; accept the licence at {page} "
        "with that account, then run the same command again"
    )
    wrong = "hf_wrongwrongwrongwrongwrongwrongwrong"
    assert refused(client, HF_TOKEN=wrong) == (
        "model mine: the hub does not know your token; type `hf auth login` with a new one, or correct or unset "
        "HF_TOKEN"
    )
    answer = client.ask("model", "owner/tiny", "main", HF_TOKEN=GOOD_TOKEN, HF_DEBUG="1")
    assert "made" in answer
    assert GOOD_TOKEN not in answer["log"]
    # The host of large files is another one, and gets no token.
    assert not any(request.token for request in hub.requests if request.host == "cdn")
    assert any(request.host == "cdn" for request in hub.requests)


def test_wrong_names_fail_at_once(client: Client, hub: Hub) -> None:
    assert refused(client, "owner/tyni") == (
        "model mine: the hub has no model owner/tyni that you may see; correct its name, or if it is private type "
        "`hf auth login` or set HF_TOKEN"
    )
    assert len(hub.about("owner/tyni")) == 1
    assert refused(client, revision="v9") == (
        f"model mine: owner/tiny has no revision v9; choose one of {hub.endpoint}/owner/tiny/commits/main and type "
        "it as revision"
    )
    assert "has no revision " + "0" * 40 in refused(client, revision="0" * 40)
    assert len(hub.about("owner/tiny")) == 2


def test_a_renamed_repository_is_followed(client: Client, hub: Hub) -> None:
    hub.renamed = {"former/tiny": "owner/tiny"}
    answer = client.ask("model", "former/tiny", "main")
    assert answer["made"]["revision"] == commit(hub)
    assert "former/tiny is now called owner/tiny; type repository: owner/tiny" in answer["log"]


def test_only_pickles(client: Client, hub: Hub) -> None:
    files = {k: v for k, v in hub.repos[REPOSITORY].files.items() if k != WEIGHTS}
    hub.repos["models", "owner/old"] = Repo(files)
    assert "owner/old at main holds only pytorch_model.bin, which may run code" in refused(
        client, "owner/old"
    )
    assert not [request for request in hub.requests if "/resolve/" in request.path]


def test_a_tokenizer_of_other_files(client: Client, hub: Hub) -> None:
    files = dict(hub.repos[REPOSITORY].files)
    files["tokenizer.model"] = files.pop("tokenizer.json")
    hub.repos["models", "owner/pieces"] = Repo(files)
    sentence = refused(client, "owner/pieces")
    assert (
        "owner/pieces at main has no tokenizer.json, only tokenizer.model; fetch it with"
        in sentence
    )
    assert (
        "`hf download owner/pieces --revision main --local-dir FOLDER`, load and save" in sentence
    )
    assert not [request for request in hub.requests if WEIGHTS in request.path]


def test_a_vocabulary_and_merges_are_refused_as_in_a_folder(
    client: Client, hub: Hub, tmp_path: Path
) -> None:
    """Both ways say the same, and on the hub how to fetch it first."""
    files = dict(hub.repos[REPOSITORY].files) | {"vocab.json": b"{}", "merges.txt": b""}
    del files["tokenizer.json"]
    hub.repos["models", "owner/merges"] = Repo(files)
    folder = tmp_path / "merges"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises(ModelError) as local:
        prepare_folder("mine", folder)
    lack = "has no tokenizer.json, only merges.txt and vocab.json; "
    sentence = refused(client, "owner/merges")
    assert f"model mine: owner/merges at main {lack}" in sentence
    fetch = "fetch it with `hf download owner/merges --revision main --local-dir FOLDER`, "
    as_local = sentence.replace("owner/merges at main", str(folder)).replace(fetch, "")
    as_local = as_local.replace(", and name FOLDER as a local model", "").replace(
        "FOLDER", str(folder)
    )
    assert as_local == str(local.value)
    assert f"{folder} {lack}load and save it with transformers once" in str(local.value)
    assert not [request for request in hub.requests if WEIGHTS in request.path]


def test_an_adapter(client: Client, hub: Hub) -> None:
    files = dict(hub.repos[REPOSITORY].files)
    del files["pytorch_model.bin"]
    files["adapter_model.safetensors"] = files.pop(WEIGHTS)
    hub.repos["models", "owner/lora"] = Repo(files | {"adapter_config.json": b"{}"})
    sentence = refused(client, "owner/lora")
    assert "owner/lora at main is an adapter; merge it into its base model, with peft" in sentence
    assert "from_pretrained('owner/lora').merge_and_unload()" in sentence
    assert not [request for request in hub.requests if "/resolve/" in request.path]


def test_an_adapter_beside_whole_weights(client: Client, hub: Hub) -> None:
    files = dict(hub.repos[REPOSITORY].files)
    del files["pytorch_model.bin"]
    adapter = {"adapter_config.json": b"{}", "adapter_model.safetensors": files[WEIGHTS]}
    hub.repos["models", "owner/both"] = Repo(files | adapter)
    sentence = refused(client, "owner/both")
    assert (
        "owner/both at main holds complete weights and an adapter (adapter_config.json" in sentence
    )
    assert "fetch it into a folder, and name that as a local model" in sentence
    assert not [request for request in hub.requests if "/resolve/" in request.path]


def test_weights_and_config_json_of_two_models(client: Client, hub: Hub) -> None:
    files = dict(hub.repos[REPOSITORY].files)
    config = json.loads(files["config.json"]) | {"intermediate_size": 96}
    hub.repos["models", "owner/two"] = Repo(files | {"config.json": json.dumps(config).encode()})
    sentence = refused(client, "owner/two")
    assert (
        "12 weights have another shape than config.json says, first model.layers.0.mlp" in sentence
    )
    assert "owner/two at main is so on the hub: name another revision" in sentence


def test_another_number_of_layers(client: Client, hub: Hub) -> None:
    sentence = client.ask("model", "owner/tiny", "main", 6)["sentence"]
    assert sentence == (
        "model mine: source.layers is 6, but owner/tiny at main has 4 layers; type 4"
    )
    assert not [request for request in hub.requests if request.host == "cdn"]


def test_no_network(client: Client, hub: Hub) -> None:
    sentence = refused(client, HF_ENDPOINT="http://127.0.0.1:9")
    assert "the hub at http://127.0.0.1:9 cannot be reached (ConnectError" in sentence
    assert "check the network and HTTPS_PROXY, or set HF_HUB_OFFLINE=1 and HF_HOME" in sentence


def test_a_slow_hub_is_waited_for(client: Client, hub: Hub) -> None:
    hub.faults.slow = 0.1
    assert "made" in client.ask("model", "owner/tiny", "main")


def test_a_repository_is_a_level(client: Client, hub: Hub, model_files) -> None:
    longer = json.loads(model_files["config.json"])
    longer["max_position_embeddings"] *= 2
    hub.repos["models", "owner/tiny-8bit"] = Repo(
        dict(model_files) | {"config.json": json.dumps(longer).encode()}
    )
    rows = client.ask("checkpoint", "owner/tiny", "owner/tiny-8bit", "main")["made"]
    assert [(row["level"], row["label"], row["source"]) for row in rows] == [
        (0, "dense", "hub:owner/tiny"),
        (3, "tiny-8bit", "hub:owner/tiny-8bit"),
    ]
    assert rows[1]["revision"] == hub.repos["models", "owner/tiny-8bit"].commit
    assert rows[0]["files"] != rows[1]["files"] and rows[1]["layers"] == 4


def test_the_dense_model_in_another_repository_is_no_level(
    client: Client, hub: Hub, model_files
) -> None:
    hub.repos["models", "owner/copy"] = Repo(dict(model_files) | {"generation_config.json": b"{}"})
    answer = client.ask("checkpoint", "owner/tiny", "owner/copy", "main")
    assert answer.get("error") == "ModelError", answer
    assert "holds the same model as level 0 (dense)" in answer["sentence"]


def test_a_repository_with_another_tokenizer_is_no_level(
    client: Client, hub: Hub, model_files
) -> None:
    tokenizer = json.loads(model_files["tokenizer.json"])
    tokenizer["pre_tokenizer"] = None
    other = {"tokenizer.json": json.dumps(tokenizer).encode()}
    hub.repos["models", "owner/other"] = Repo(dict(model_files) | other)
    answer = client.ask("checkpoint", "owner/tiny", "owner/other", "main")
    assert answer.get("error") == "ModelError", answer
    assert "\n" not in answer["sentence"]
    assert answer["sentence"].startswith("order made, level 3: ")
    assert "other pre_tokenizer" in answer["sentence"]
