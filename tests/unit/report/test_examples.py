"""Explained examples: which are chosen, and that the highlighted pieces are the prompt."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from figures import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from keepfaith.report.examples import Candidate, choose, explained_examples, visible
from keepfaith.report.highlight import HighlightedText, highlighted


def explain(count: int = 3):
    examples, predictions, attributions = synthetic.explained()
    verdict = synthetic.verdict(range(5), ("lime",))
    return explained_examples(examples, predictions, attributions, verdict, count)


@st.composite
def prompts_with_spans(draw):
    prompt = draw(st.text(min_size=1, max_size=40))
    cuts = sorted(draw(st.lists(st.integers(0, len(prompt)), max_size=12)))
    overlap = draw(st.booleans())
    spans = [
        (max(0, a - (1 if overlap and place % 3 == 1 else 0)), b)
        for place, (a, b) in enumerate(pairwise(cuts))
    ]
    scores = draw(st.lists(st.floats(-5, 5), min_size=len(spans), max_size=len(spans)))
    ends = sorted(draw(st.lists(st.integers(0, len(prompt)), min_size=2, max_size=2)))
    return prompt, spans, scores, [tuple(ends)]


@settings(deadline=None)  # a loaded machine is no failure
@given(prompts_with_spans())
def test_pieces_join_to_the_prompt_and_keep_scores_in_range(case):
    prompt, spans, scores, rationale = case
    found = highlighted(prompt, spans, scores, rationale)
    assert "".join(piece.text for piece in found) == prompt
    assert all(-1 <= piece.strength <= 1 for piece in found)
    place = 0
    for piece in found:
        ends = (place, place + len(piece.text))
        place = ends[1]
        covered = rationale[0][0] <= ends[0] and ends[1] <= rationale[0][1]
        assert piece.rationale == covered


def test_tokens_that_share_a_character_become_one_piece():
    found = highlighted(
        "a\u20acb", [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)], [1.0, 0.5, 0.25, 0.25, -2.0], []
    )
    assert found == [
        HighlightedText("a", 1.0, 0.5, False),
        HighlightedText("\u20ac", 1.0, 0.5, False),
        HighlightedText("b", -2.0, -1.0, False),
    ]


def test_rationale_cuts_a_token_without_changing_its_score():
    found = highlighted("notgood", [(0, 7)], [2.0], [(0, 3)])
    assert [(piece.text, piece.score, piece.rationale) for piece in found] == [
        ("not", 2.0, True),
        ("good", 2.0, False),
    ]


def test_all_zero_scores_give_no_colour():
    assert all(piece.strength == 0 for piece in highlighted("ab", [(0, 1), (1, 2)], [0.0, 0.0], []))


def test_choice_takes_each_kind_in_turn():
    candidates = [
        Candidate("a", 0.9, True, 0.9, 0.6),
        Candidate("b", 0.1, False, 0.9, 0.55),
        Candidate("c", 0.8, False, 0.9, 0.9),
        Candidate("d", 0.3, False, 0.8, 0.9),
        Candidate("e", 0.2, True, 0.7, 0.7),
    ]
    assert choose(candidates, 4) == [
        ("c", "explanation changed, same prediction (cosine similarity 0.20)"),
        ("a", "prediction changed (cosine similarity of the explanations 0.10)"),
        ("b", "confidence moved, same prediction (0.90 to 0.55)"),
        ("d", "typical change (cosine similarity 0.70)"),
    ]
    assert len(choose(candidates, 99)) == 5
    assert choose([], 3) == []


def test_examples_show_dense_and_pruned_levels_with_their_predictions():
    found = explain()
    assert len(found) == 3
    for example in found:
        levels = [panel.level for panel in example.panels]
        assert levels[0] == 0 and levels[-1] == 4
        for panel in example.panels:
            assert "".join(piece.text for piece in panel.pieces) == synthetic.PROMPT
            assert panel.prediction in {"negative", "positive"}
            assert panel.correct == (panel.prediction == example.label)
    flipped = next(example for example in found if example.reason.startswith("prediction changed"))
    assert flipped.panels[0].prediction != flipped.panels[-1].prediction
    kept = next(example for example in found if "same prediction" in example.reason)
    assert kept.panels[0].prediction == kept.panels[-1].prediction


def test_probability_is_the_softmax_of_the_options():
    panel = explain(1)[0].panels[0]
    assert panel.probability == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert panel.margin == pytest.approx(2.0)
    assert panel.said.endswith(
        f"probability 0.88, margin 2.00 ({'right' if panel.correct else 'wrong'})"
    )


def test_a_checkpoint_has_its_label():
    examples, predictions, attributions = synthetic.explained()
    verdict = synthetic.verdict(range(5), ("lime",))
    names = {0: "dense model", 4: "8 bits"}
    (found,) = explained_examples(examples, predictions, attributions, verdict, 1, names)
    assert [panel.name for panel in found.every] == [
        "dense model", "level 1", "level 2", "level 3", "8 bits",
    ]  # fmt: skip
    assert [frame["name"] for frame in found.frames()] == [panel.name for panel in found.every]


def test_kernelshap_is_shown_where_it_was_run():
    examples, predictions, attributions = synthetic.explained()
    verdict = synthetic.verdict(range(5), ("lime",))
    assert explain(1)[0].method == "KernelSHAP"
    lime = attributions.filter(pl.col("method") == "lime")
    assert explained_examples(examples, predictions, lime, verdict, 1)[0].method == "LIME"


def test_choice_does_not_depend_on_row_order():
    examples, predictions, attributions = synthetic.explained()
    verdict = synthetic.verdict(range(5), ("lime",))
    shuffled = [
        frame.sample(fraction=1.0, shuffle=True, seed=3)
        for frame in (examples, predictions, attributions)
    ]
    assert explained_examples(*shuffled, verdict, 3) == explained_examples(
        examples, predictions, attributions, verdict, 3
    )


def test_nothing_to_show():
    examples, predictions, attributions = synthetic.explained()
    verdict = synthetic.verdict(range(5), ("lime",))
    assert explained_examples(examples, predictions, attributions.clear(), verdict, 3) == []
    assert explained_examples(examples, predictions, attributions, verdict, 0) == []
    assert explained_examples(examples, predictions, attributions, verdict.clear(), 1)


def test_visible_tokens():
    assert visible(" good") == "good"
    assert visible("\n") == "\u23ce"
    assert visible("  ") == "space"


@pytest.mark.parametrize(
    ("names", "control", "shown"),
    [
        (("chance", "random"), "chance", "random"),
        (("lime", "zz"), "lime", "zz"),
        (("aa", "lime"), "aa", "LIME"),
    ],
)
def test_a_control_is_never_the_explanation_shown(names, control, shown):
    examples, predictions, attributions = synthetic.explained()
    renamed = attributions.with_columns(
        pl.col("method").replace(dict(zip(("kernelshap", "lime"), names, strict=True)))
    ).with_columns(
        role=pl.when(pl.col("method") == control).then(pl.lit("control")).otherwise("role")
    )
    verdict = synthetic.verdict(range(5), ("lime",))
    found = explained_examples(examples, predictions, renamed, verdict, 2)
    assert {example.method for example in found} == {shown}
    only = renamed.filter(method=control)
    assert explained_examples(examples, predictions, only, verdict, 2) == []


def test_frames_of_a_slider_are_all_levels_with_the_numbers_of_the_panels():
    (example, *_) = explain()
    frames = example.frames()
    assert [frame["name"] for frame in frames] == [
        "dense model",
        *(f"level {n}" for n in range(1, 5)),
    ]
    assert len(example.panels) < len(frames)
    by_name = {frame["name"]: frame for frame in frames}
    for panel in example.panels:
        frame = by_name[panel.name]
        scored = [piece for piece in panel.pieces if piece.score is not None]
        assert frame["scores"] == pytest.approx([piece.score for piece in scored], abs=5e-5)
        assert frame["strengths"] == pytest.approx([piece.strength for piece in scored], abs=5e-3)
        assert frame["said"] == panel.said
    assert len({len(frame["scores"]) for frame in frames}) == 1  # the same pieces at all levels
