"""What stands where in a row, who sees whom, and when sequences share a row."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from keepfaith.scoring.layout import ROW_TOKENS, Packing, TokenPrompt, ancestor_mask

PROMPT = TokenPrompt((11, 12, 13))
OPTIONS = {(21, 22, 23): 0, (31,): 1, (41, 42): 2}


def test_one_row_holds_all_options():
    (row,) = Packing(True).rows({PROMPT: OPTIONS})
    assert row.tokens == [11, 12, 13, 21, 22, 41]
    assert row.positions == [0, 1, 2, 3, 4, 3]
    assert row.ends == [6, 6, 6, 5, 5, 6]
    assert row.columns == [2, 2, 3, 4, 2, 5]
    assert row.targets == [31, 21, 22, 23, 41, 42]
    assert row.slots == [1, 0, 0, 0, 2, 2]
    assert row.branched


def test_one_row_per_long_option_otherwise():
    first, second = Packing(False).rows({PROMPT: OPTIONS})
    assert (first.tokens, second.tokens) == ([11, 12, 13, 21, 22], [11, 12, 13, 41])
    assert first.targets == [31, 21, 22, 23]
    assert not first.branched and not second.branched


def test_one_token_options_feed_the_prompt_alone():
    (row,) = Packing(False).rows({PROMPT: {(5,): 0, (6,): 1}})
    assert row.tokens == list(PROMPT.ids)
    assert row.columns == [2, 2]
    assert not row.branched


def test_what_options_begin_with_is_fed_once():
    (row,) = Packing(True).rows({PROMPT: {(5, 6, 7): 0, (5, 6, 8): 1, (5, 9, 7): 2}})
    assert row.tokens == [11, 12, 13, 5, 6, 9]
    assert row.columns == [2, 3, 4, 2, 3, 4, 2, 3, 5]


def test_rows_beyond_the_window_do_not_branch():
    assert len(Packing(True, longest=6).rows({PROMPT: OPTIONS})) == 1
    assert len(Packing(True, longest=5).rows({PROMPT: OPTIONS})) == 2


def test_a_token_sees_its_ancestors_and_itself():
    ends = torch.tensor([[5, 5, 3, 5, 5, 6]])  # the last is padding
    mask = ancestor_mask(ends, torch.float32)[0, 0] == 0
    seen = ["".join(str(int(cell)) for cell in row) for row in mask]
    assert seen[:5] == ["100000", "110000", "111000", "110100", "110110"]
    assert seen[5] == "000001"  # it sees something, or its softmax would be NaN


PREFIX = tuple(range(100, 140))


def test_prompts_stand_after_what_they_share():
    questions = {
        TokenPrompt((*PREFIX, 1, 2)): {(21, 22): 0, (31,): 1},
        TokenPrompt((*PREFIX, 3)): {(21, 22): 2},
    }
    (row,) = Packing(True).rows(questions)
    assert row.tokens == [*PREFIX, 1, 2, 21, 3, 21]
    assert row.positions == [*range(40), 40, 41, 42, 40, 41]
    assert row.ends == [45] * 40 + [43, 43, 43, 45, 45]
    assert row.columns == [41, 41, 42, 43, 44]
    assert row.targets == [31, 21, 22, 21, 22]
    assert row.slots == [1, 0, 0, 2, 2]


def test_positions_that_are_left_out_stay_out():
    questions = {TokenPrompt((11, 13), (0, 2)): {(5, 6): 0}, PROMPT: {(5, 6): 1}}
    (row,) = Packing(True).rows(questions)
    assert row.tokens == [11, 12, 13, 5, 13, 5]
    assert row.positions == [0, 1, 2, 3, 2, 3]
    (alone,) = Packing(True).rows({TokenPrompt((11, 13), (0, 2)): {(5, 6): 0}})
    assert alone.positions == [0, 2, 3]
    assert alone.gaps and not alone.branched


def test_rows_are_limited_and_nothing_is_lost():
    questions = {TokenPrompt((*PREFIX, i)): {(7,): i} for i in range(1000)}
    rows = Packing(True).rows(questions)
    assert len(rows) == -(-1000 // (ROW_TOKENS - len(PREFIX)))
    assert sorted(slot for row in rows for slot in row.slots) == list(range(1000))
    narrow = Packing(True, longest=50).rows(questions)
    assert max(map(len, narrow)) == 50
    assert sorted(slot for row in narrow for slot in row.slots) == list(range(1000))


def test_what_shares_too_little_stands_alone():
    rest = tuple(range(500, 600))
    questions = {TokenPrompt((*PREFIX, i, *rest)): {(7,): i} for i in range(3)}
    assert [row.branched for row in Packing(True).rows(questions)] == [False] * 3
    assert not any(row.branched for row in Packing(False).rows(questions))


def ancestors(row):
    """Per token the (position, token) pairs that its row lets it see, in order."""
    mask = ancestor_mask(torch.tensor([row.ends]), torch.float32)[0, 0] == 0
    steps = np.array(list(zip(row.positions, row.tokens, strict=True)))
    return [steps[sees.numpy()].tolist() for sees in mask]


TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=6).map(tuple)


@given(
    st.dictionaries(TOKENS, st.lists(TOKENS, min_size=1, max_size=4, unique=True), min_size=1),
    st.booleans(),
    st.sampled_from([None, 5]),
)
def test_every_read_sees_its_own_prompt_and_option_and_nothing_else(questions, possible, longest):
    slots = {}
    asked = {
        TokenPrompt(prompt): {
            option: slots.setdefault((prompt, option), len(slots)) for option in options
        }
        for prompt, options in questions.items()
    }
    found = {slot: [] for slot in slots.values()}
    for row in Packing(possible, longest=longest).rows(asked):
        seen = ancestors(row)
        assert possible or not row.branched
        for column, target, slot in zip(row.columns, row.targets, row.slots, strict=True):
            found[slot].append((seen[column], target))
    for (prompt, option), slot in slots.items():
        whole = [list(step) for step in enumerate(prompt + option)]
        expected = [(whole[:end], whole[end][1]) for end in range(len(prompt), len(whole))]
        assert found[slot] == expected
