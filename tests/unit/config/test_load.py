"""The studies that ship resolve to what they promise; catalog entries are all valid."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from world import ROOT, World

from keepfaith.config import schema
from keepfaith.config.catalog import entries, read_entry
from keepfaith.config.errors import ConfigError
from keepfaith.config.levels import level_words, levels_of
from keepfaith.config.load import load_study
from keepfaith.config.schema import GENERATORS
from keepfaith.config.settings import ResolvedTask

CATALOG = ROOT / "config" / "catalog"
KINDS = {
    "models": schema.Model,
    "orders": schema.Order,
    "texts": schema.CalibrationTextEntry,
    "tasks": schema.Task,
    "methods": schema.MethodEntry,
}
STUDY_TASKS = (
    "boolq",
    "rte",
    "arc_challenge",
    "arc_easy",
    "openbookqa",
    "tweet_eval",
    "rotten_tomatoes",
    "sst2",
)


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))


def study(name: str) -> dict[str, Any]:
    """A ready-made study as `--configfile` gives it: nothing of config.yaml stands below it."""
    return read(f"studies/{name}.yaml")


@pytest.mark.parametrize("kind", KINDS)
def test_every_catalog_entry_is_valid(kind: str) -> None:
    names = entries(CATALOG / kind)
    assert names
    for name in names:
        read_entry(KINDS[kind], [CATALOG / kind], name, "test")


def test_the_config_that_ships_is_the_demo() -> None:
    assert load_study(read("config.yaml"), [CATALOG]) == load_study(study("demo"), [CATALOG])


def test_the_paper_study_has_the_known_values() -> None:
    settings = load_study(study("paper"), [CATALOG])
    chosen = settings.study
    assert len(settings.models) == 5
    assert sorted(settings.tasks) == sorted(STUDY_TASKS)
    assert settings.levels["llama-2-7b"] == tuple(range(17))
    assert settings.levels["gemma-2b"] == tuple(range(10))
    assert chosen.examples.evaluation == "all"
    assert chosen.examples.explanation == 200
    assert chosen.stability.seeds == 0  # the study measured none
    assert chosen.faithfulness.fractions == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert chosen.calibration.bins == 10
    for name in ("lime", "kernelshap"):
        assert settings.methods[name].settings == {"samples_per_token": 3, "maximum_samples": None}
        assert settings.methods[name].seeds == (0, 1, 2)
    order, text = settings.orders["cosine"], settings.texts["cosine"]
    assert (order.criterion, text.samples, text.sample_tokens, text.seed) == (
        "cosine",
        8,
        2048,
        0,
    )
    assert (text.source.kind, order.seed) == ("hub", 0)
    assert getattr(text.source, "repository", None) == "allenai/c4"


def test_the_study_of_a_real_language_model_has_the_eight_tasks() -> None:
    settings = load_study(study("smollm2"), [CATALOG])
    assert sorted(settings.tasks) == sorted(STUDY_TASKS)
    assert settings.levels == {"smollm2-135m-instruct": (0, 5, 11)}
    assert settings.methods["lime_sparse"].settings == {
        "samples_per_token": 1,
        "maximum_samples": 64,
    }
    assert (settings.study.examples.evaluation, settings.study.examples.explanation) == (300, 40)


def test_a_study_that_only_selects_has_the_defaults_and_nothing_of_the_demo() -> None:
    own = {"models": ["builtin"], "orders": ["last_k"], "tasks": ["sentiment"]}
    settings = load_study(own, [CATALOG])
    assert settings.study.stability.seeds == 0
    assert settings.levels["builtin"] == tuple(
        range(5)
    )  # half of 8 layers; the demo's maximum is 6
    assert settings.study.examples.explanation == 200
    assert settings.study.scoring.device == "auto"
    assert (settings.study.export.levels, settings.study.imports) == ((), {})


@pytest.mark.parametrize("text", entries(CATALOG / "texts"))
def test_every_order_can_be_ranked_on_every_text(text: str) -> None:
    from keepfaith.plugins.criterion import CRITERIA

    chosen = {"orders": entries(CATALOG / "orders"), "text": text, "folders": {"data": "data"}}
    settings = load_study(study("demo") | chosen, [CATALOG])
    entry = read_entry(schema.CalibrationTextEntry, [CATALOG / "texts"], text, "test")
    for name, order in settings.orders.items():
        criterion = CRITERIA.load(order.criterion)
        assert (name in settings.texts) == criterion.reads_text
        assert (name in settings.drawn_orders) == (criterion.reads_text or criterion.seeded)
    assert len(settings.texts) >= 10
    for found in settings.texts.values():
        assert found.source.kind == entry.source.kind
        assert (found.samples, found.sample_tokens) == (entry.samples, entry.sample_tokens)


def test_orders_that_read_no_text_need_none() -> None:
    chosen = study("demo") | {"orders": ["last_k", "random", "last_k_but_final"]}
    del chosen["text"]
    settings = load_study(chosen, [CATALOG])
    assert settings.texts == {} and settings.drawn_orders == ("random",)
    # A local text that nobody reads needs no folder.
    named = load_study(chosen | {"text": "wikitext2_local"}, [CATALOG])
    assert named.texts == {} and named.text_files("last_k") == []
    with pytest.raises(
        ConfigError, match=r"folders\.data: not set, but text wikitext2_local reads"
    ):
        load_study(chosen | {"text": "wikitext2_local", "orders": ["cosine"]}, [CATALOG])


def test_an_order_may_say_how_much_text_it_reads(tmp_path: Path) -> None:
    world = World(tmp_path)
    settings = world.read()
    text = settings.texts["tiny"]
    assert (text.samples, text.sample_tokens, text.seed) == (2, 2048, 0)
    order = {"description": "T.", "criterion": "greedy", "sample_tokens": 9, "seed": 4}
    world.write_entry("orders", "tiny", order)
    world.write_data("text.txt", b"A line.\n" * 8)
    text = world.read().texts["tiny"]
    assert (text.samples, text.sample_tokens, text.seed) == (8, 9, 4)


def test_a_criterion_that_declares_nothing_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keepfaith.orders import criteria

    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "undeclared.py").write_text("")
    monkeypatch.setattr(criteria, "__path__", [*criteria.__path__, str(tmp_path / "plugin")])
    world = World(tmp_path / "world")
    world.write_entry("orders", "tiny", {"description": "T.", "criterion": "undeclared"})
    with pytest.raises(ConfigError, match=r"criterion: .*undeclared\.py must define CRITERION"):
        world.read()


def test_every_task_of_the_study_has_a_hub_and_a_local_source() -> None:
    for name in STUDY_TASKS:
        task = read_entry(schema.Task, [CATALOG / "tasks"], name, "test")
        assert task.sources.hub is not None
        assert task.sources.local is not None
        assert len(task.sources.hub.revision) == 40


def test_prompts_are_those_of_lm_evaluation_harness() -> None:
    """Compared with the installed harness's own files, as rendered text."""
    # Found, not imported: importing it takes seconds.
    found = find_spec("lm_eval")
    if found is None or found.origin is None:
        pytest.skip("lm_eval is not installed")
    jinja2 = pytest.importorskip("jinja2")
    from keepfaith.tasks.templates import render_prompt

    folder = Path(found.origin).parent / "tasks"
    for name, file, columns in (
        ("boolq", "super_glue/boolq/default.yaml", {}),
        ("rte", "glue/rte/default.yaml", {"premise": "sentence1", "hypothesis": "sentence2"}),
        ("sst2", "glue/sst2/default.yaml", {"text": "sentence"}),
        ("arc_easy", "arc/arc_easy.yaml", {}),
        ("openbookqa", "openbookqa/openbookqa.yaml", {"question": "question_stem"}),
    ):
        theirs = (folder / file).read_text(encoding="utf-8")
        document = yaml.safe_load(theirs)
        template = document["doc_to_text"]
        template = template if "{{" in template else f"{{{{{template}}}}}"
        ours = read_entry(schema.Task, [CATALOG / "tasks"], name, "test")
        fields = {field: f"some {field}" for field in ours.fields}
        row = {columns.get(field, field): text for field, text in fields.items()}
        assert render_prompt(ours.prompt, fields).text == jinja2.Template(template).render(**row)
        if isinstance(document["doc_to_choice"], list):
            assert list(ours.options or ()) == document["doc_to_choice"]


def test_arc_challenge_asks_as_arc_easy() -> None:
    easy, challenge = (
        read_entry(schema.Task, [CATALOG / "tasks"], n, "t") for n in ("arc_easy", "arc_challenge")
    )
    assert easy.prompt == challenge.prompt


def test_levels(tmp_path: Path) -> None:
    world = World(tmp_path)
    for maximum, expected in (("half", 2), ("all", 4), (0, 0), (3, 3)):
        world.set("levels.maximum", maximum)
        assert world.read().levels["tiny"] == tuple(range(expected + 1))
    world.write_model(layers=5)
    world.set("levels.maximum", "half")
    assert world.read().levels["tiny"] == (0, 1, 2)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ([0, 1, 3], (0, 1, 3)),
        ([2, 4], (0, 2, 4)),  # all changes are against the dense model
        ([0], (0,)),
        (["0", "4"], (0, 4)),  # as --config gives them
        ({"shares": [0.25, 0.5]}, (0, 1, 2)),
        ({"shares": ["0.5", "1"]}, (0, 2, 4)),
        ({"shares": [0.25, 0.33, 0.5]}, (0, 1, 2)),
        ({"maximum": None, "shares": [0.75]}, (0, 3)),
        ({}, (0, 1, 2)),
    ],
)
def test_levels_as_a_list_or_as_shares(
    typed: object, expected: tuple[int, ...], tmp_path: Path
) -> None:
    world = World(tmp_path)
    world.set("levels", typed)
    settings = world.read()
    assert settings.levels["tiny"] == expected
    # What a record dumps may be read again.
    assert schema.Study.model_validate(settings.study.model_dump()) == settings.study


def test_shares_of_models_with_different_layers(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.set("models", ["tiny", "builtin"])  # 4 and 8 layers
    world.set("levels", {"shares": [0.25, 0.4, 0.5]})
    assert world.read().levels == {"tiny": (0, 1, 2), "builtin": (0, 2, 3, 4)}
    world.set("levels", [0, 2, 4])
    assert set(world.read().levels.values()) == {(0, 2, 4)}
    world.set("levels", [0, 6])
    with pytest.raises(ConfigError, match="6 is above the 4 attention layers of model 'tiny'"):
        world.read()


@pytest.mark.parametrize("layers", [*range(1, 130)])
def test_a_share_is_rounded_down_and_half_is_the_studys(layers: int) -> None:
    def run(wanted: schema.Levels) -> tuple[int, ...]:
        return levels_of(wanted, "m", layers, "config: levels")

    every = tuple(range(layers + 1))
    assert run(schema.Levels(shares=tuple(k / layers for k in every[1:]))) == every
    assert run(schema.Levels(shares=(1.0,))) == (0, layers)
    if layers > 1:
        assert run(schema.Levels(shares=(0.5,)))[-1] == run(schema.Levels(maximum="half"))[-1]


@pytest.mark.parametrize("layers", [3, 7, 12, 26, 28, 32, 80, 126])
def test_the_share_that_is_advised_is_enough(layers: int) -> None:
    with pytest.raises(ConfigError) as refused:
        levels_of(schema.Levels(shares=(0.001,)), "m", layers, "config: levels")
    advised = float(str(refused.value).split("type at least ")[1])
    assert levels_of(schema.Levels(shares=(advised,)), "m", layers, "config: levels") == (0, 1)


@pytest.mark.parametrize(
    ("levels", "words"),
    [((0,), "0"), ((0, 1), "0, 1"), ((0, 1, 2), "0 to 2"), ((0, 4, 5, 6, 9), "0, 4 to 6, 9")],
)
def test_levels_in_words(levels: tuple[int, ...], words: str) -> None:
    assert level_words(levels) == words


def test_local_paths_start_at_the_folders(tmp_path: Path) -> None:
    settings = World(tmp_path).read()
    task = settings.tasks["tiny"]
    assert task.files() == [str(tmp_path / "data" / name) for name in ("test.jsonl", "dev.jsonl")]
    assert settings.training_files() == [str(tmp_path / "data" / "train.jsonl")]
    assert settings.text_files("tiny") == [str(tmp_path / "data" / "text.txt")]
    assert settings.models["tiny"].source.path == str(tmp_path / "models" / "tiny")


def test_auto_takes_builtin_before_hub_before_local(tmp_path: Path) -> None:
    world = World(tmp_path)
    hub = {"repository": "o/r", "revision": "abc", "splits": {"evaluation": "test"}}
    builtin = {"generator": "sentiment"}
    local = world.task["sources"]["local"]
    for sources, expected in (
        ({"local": local}, "local"),
        ({"local": local, "hub": hub}, "hub"),
        ({"local": local, "hub": hub, "builtin": builtin}, "builtin"),
    ):
        world.change_task(sources=sources)
        assert world.read().tasks["tiny"].source.kind == expected


def test_a_task_survives_the_way_through_a_rules_params(tmp_path: Path) -> None:
    task = World(tmp_path).read().tasks["tiny"]
    assert ResolvedTask.model_validate(task.model_dump(mode="json")) == task


def test_generators_are_those_of_the_builtin_tasks() -> None:
    from keepfaith.tasks.builtin import TASKS

    assert set(GENERATORS) == set(TASKS)


def test_an_entry_that_is_not_selected_is_not_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write_entry("tasks", "broken", "{")
    world.read()


def test_numbers_that_the_command_line_gives_as_text(tmp_path: Path) -> None:
    """`--config 'levels={maximum: 3}'` arrives as {"maximum": "3"}."""
    world = World(tmp_path)
    world.set("levels.maximum", "3")
    world.set("examples.explanation", "1")
    world.set("faithfulness.fractions", ["0.5", ".9"])
    study = world.read().study
    assert study.levels.maximum == 3
    assert study.examples.explanation == 1
    assert study.faithfulness.fractions == (0.5, 0.9)


def test_builtin_prompts_and_checkpoint_are_those_of_the_builtin_model() -> None:
    from keepfaith.config.shipped import BUILTIN_CHECKPOINT
    from keepfaith.models.builtin import CHECKPOINT
    from keepfaith.training import builtin

    assert CHECKPOINT == BUILTIN_CHECKPOINT
    for name, prompt in builtin.PROMPTS.items():
        assert read_entry(schema.Task, [CATALOG / "tasks"], name, "test").prompt == prompt
    model = read_entry(schema.Model, [CATALOG / "models"], "builtin", "test")
    assert model.source.layers == builtin.ARCHITECTURE.layers  # type: ignore[union-attr]


def test_settings_of_a_method_are_filled_in(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write_entry("methods", "lime", {"description": "T.", "method": "lime"})
    assert world.read().methods["lime"].settings == {
        "samples_per_token": 3,
        "maximum_samples": None,
    }
    chosen = {"description": "T.", "method": "integrated_gradients", "settings": {"steps": "7"}}
    world.write_entry("methods", "lime", chosen)
    assert world.read().methods["lime"].settings == {"steps": 7}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("import no_such_library\n", "No module named 'no_such_library'"),
        ("", "must define METHOD, a Method"),
    ],
)
def test_a_method_that_cannot_be_loaded_is_one_line(
    text: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keepfaith.attribution import methods

    world = World(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "unfinished.py").write_text(text)
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path / "plugins")])
    monkeypatch.delitem(sys.modules, "keepfaith.attribution.methods.unfinished", raising=False)
    world.write_entry("methods", "lime", {"description": "T.", "method": "unfinished"})
    with pytest.raises(ConfigError) as error:
        world.read()
    assert "lime.yaml: method: keepfaith/attribution/methods/unfinished.py" in str(error.value)
    assert problem in str(error.value) and "\n" not in str(error.value)


def test_seeds_of_the_study_replace_those_of_seeded_methods() -> None:
    settings = load_study(study("demo") | {"seeds": [5, 7]}, [CATALOG])
    assert settings.methods["lime"].seeds == (5, 7)
    assert settings.methods["input_x_gradient"].seeds == (0,)


@pytest.mark.parametrize(
    ("typed", "levels", "passage"),
    [
        ({0: "a", 4: "b"}, {0: "a", 4: "b"}, None),
        ({4: "b", 0: "a", "passage": "none"}, {0: "a", 4: "b"}, "none"),
        ({0: "a", "passage": "None"}, {0: "a"}, "none"),
        ({0: "a", "passage": None}, {0: "a"}, None),
        ({0: "a", "passage": "doc.Text 1"}, {0: "a"}, "doc.Text 1"),
        # `--config` gives keys as text, beside those of the file, which they replace.
        ({"0": "a", "4": "b", "passage": "none"}, {0: "a", 4: "b"}, "none"),
        ({0: "a", 4: "b", "4": "c"}, {0: "a", 4: "c"}, None),
    ],
)
def test_an_import_has_levels_and_may_say_its_passage(
    typed: dict[Any, Any], levels: dict[int, str], passage: str | None, tmp_path: Path
) -> None:
    world = World(tmp_path)
    world.set("imports", {"mine": typed})
    found = world.read().study.imports["mine"]
    assert (found.levels, found.passage) == (levels, passage)
    assert list(found.levels) == sorted(levels)
    # What a record dumps may be read again.
    assert schema.Import.model_validate(found.model_dump()) == found


def test_margins_that_a_study_leaves_out_are_the_declared_ones(tmp_path: Path) -> None:
    world = World(tmp_path)
    margins = {"accuracy": 0.02, "ece": 0.02, "brier": 0.02, "faithfulness": 0.1}
    assert world.read().study.statistics.margins == margins
    world.set("statistics.margins", {"brier": 0.1})
    found = world.read().study.statistics.margins
    assert list(found.items()) == list((margins | {"brier": 0.1}).items())


def test_a_method_may_not_be_called_as_an_explanation_from_coalitions(tmp_path: Path) -> None:
    shutil.copytree(CATALOG, tmp_path / "catalog")
    entry = "description: Mine.\nmethod: kernelshap\n"
    (tmp_path / "catalog" / "methods" / "shapley.yaml").write_text(entry)
    chosen = study("demo") | {"methods": ["shapley"]}
    by_tokens = chosen | {"faithfulness": {"segments": 0, "protocol": "study"}}
    assert load_study(by_tokens, [tmp_path / "catalog"]).methods["shapley"].method == "kernelshap"
    with pytest.raises(ConfigError, match=r"^config: methods: 'shapley' is an explanation that"):
        load_study(chosen | {"faithfulness": {"segments": 4}}, [tmp_path / "catalog"])


@pytest.mark.parametrize(
    ("faithfulness", "given", "judged"),
    [
        ({}, {}, {"faithfulness": 0.1}),
        ({"protocol": "study"}, {}, {"faithfulness": 0.1}),
        ({"protocol": "study"}, {"sufficiency": 0.2}, {"faithfulness": 0.1, "sufficiency": 0.2}),
        (
            {"protocol": "study", "segments": 0},
            {},
            {"comprehensiveness": 0.05, "sufficiency": 0.05},
        ),
    ],
)
def test_explanations_are_judged_by_what_measures_them(
    faithfulness: dict[str, Any], given: dict[str, float], judged: dict[str, float]
) -> None:
    stated = {"faithfulness": faithfulness, "statistics": {"margins": given}}
    margins = load_study(study("demo") | stated, [CATALOG]).study.statistics.margins
    assert margins == {"accuracy": 0.02, "ece": 0.02, "brier": 0.02} | judged


@pytest.mark.parametrize(
    ("faithfulness", "given", "line"),
    [
        ({}, "sufficiency", "needs the study's protocol; type faithfulness: {protocol: study}"),
        (
            {"segments": 0, "protocol": "study"},
            "faithfulness",
            "needs segments; type faithfulness: {segments: 10}",
        ),
    ],
)
def test_a_margin_of_what_is_not_measured_is_refused(
    faithfulness: dict[str, Any], given: str, line: str
) -> None:
    stated = {"faithfulness": faithfulness, "statistics": {"margins": {given: 0.1}}}
    with pytest.raises(ConfigError) as refused:
        load_study(study("demo") | stated, [CATALOG])
    assert str(refused.value).startswith(f"config: statistics.margins.{given}: {line}")


def test_a_study_without_a_judge_of_explanations_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^config: faithfulness\.segments: 0 leaves nothing"):
        load_study(study("demo") | {"faithfulness": {"segments": 0}}, [CATALOG])


def test_an_unknown_removal_of_segments_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"faithfulness\.removal: unknown segment operator 'del'"):
        load_study(study("demo") | {"faithfulness": {"segments": 4, "removal": "del"}}, [CATALOG])


def test_a_study_without_explained_examples_explains_nothing() -> None:
    alone = study("demo") | {"examples": {"explanation": 0}}
    chosen = load_study(alone, [CATALOG])
    assert chosen.methods == {} and chosen.study.faithfulness.protocols == ()
    assert set(chosen.study.statistics.margins) == {"accuracy", "ece", "brier"}
    stated = alone | {"statistics": {"margins": {"faithfulness": 0.1}}}
    with pytest.raises(
        ConfigError, match=r"margins\.faithfulness: judges explanations; type a num"
    ):
        load_study(stated, [CATALOG])
