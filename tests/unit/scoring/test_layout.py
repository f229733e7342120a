"""What stands where in a row, who sees whom, and when prompts share their beginning."""

import pytest
import torch

from keepfaith.scoring.layout import LEAST_PREFIX, Packing, block_mask, shared_prefix

PROMPT = (11, 12, 13)
OPTIONS = {(21, 22, 23): 0, (31,): 1, (41, 42): 2}


def test_one_row_holds_all_options():
    (row,) = Packing(True).rows({PROMPT: OPTIONS})
    assert row.tokens == [11, 12, 13, 41, 21, 22]
    assert row.positions == [0, 1, 2, 3, 3, 4]
    assert row.blocks == [0, 0, 0, 1, 2, 2]
    assert row.columns == [2, 2, 3, 2, 4, 5]
    assert row.targets == [31, 41, 42, 21, 22, 23]
    assert row.slots == [1, 2, 2, 0, 0, 0]
    assert row.packed


def test_one_row_per_long_option_otherwise():
    first, second = Packing(False).rows({PROMPT: OPTIONS})
    assert (first.tokens, second.tokens) == ([11, 12, 13, 41], [11, 12, 13, 21, 22])
    assert first.targets == [31, 41, 42]
    assert not first.packed and not second.packed


def test_one_token_options_feed_the_prompt_alone():
    (row,) = Packing(False).rows({PROMPT: {(5,): 0, (6,): 1}})
    assert row.tokens == list(PROMPT)
    assert row.columns == [2, 2]
    assert not row.packed


def test_rows_beyond_the_window_are_not_packed():
    assert len(Packing(True, longest=6).rows({PROMPT: OPTIONS})) == 1
    assert len(Packing(True, longest=5).rows({PROMPT: OPTIONS})) == 2


@pytest.mark.parametrize(
    ("branches", "blocks", "seen"),
    [
        pytest.param(
            [1, 1, 1, 1, 1, -1],
            [0, 0, 1, 2, 2, -1],
            ["100000", "110000", "111000", "110100", "110110"],
            id="the_prompt_and_the_own_option",
        ),
        pytest.param(
            [0, 1, 1, 2, 2, -1],
            [0, 0, 1, 0, 2, -1],
            ["100000", "110000", "111000", "100100", "100110"],
            id="the_shared_prefix_and_the_own_branch",
        ),
    ],
)
def test_a_token_sees_what_stands_above_it(branches, blocks, seen):
    mask = block_mask(torch.tensor([branches]), torch.tensor([blocks]), torch.float32)[0, 0] == 0
    assert ["".join(str(int(cell)) for cell in row) for row in mask[:5]] == seen
    assert mask[5].any()  # a padded query sees something, or its softmax would be NaN


PREFIX = tuple(range(100, 140))


def test_prompts_stand_behind_what_they_share():
    questions = {(*PREFIX, 1, 2): {(21, 22): 0, (31,): 1}, (*PREFIX, 3): {(21, 22): 2}}
    (row,) = Packing(True).rows(questions)
    assert row.tokens == [*PREFIX, 1, 2, 21, 3, 21]
    assert row.positions == [*range(40), 40, 41, 42, 40, 41]
    assert row.branches == [0] * 40 + [1, 1, 1, 2, 2]
    assert row.blocks == [0] * 40 + [0, 0, 1, 0, 2]
    assert row.columns == [41, 42, 41, 43, 44]
    assert row.targets == [21, 22, 31, 21, 22]
    assert row.slots == [0, 0, 1, 2, 2]
    assert row.packed


def test_rows_of_branches_are_limited_and_nothing_is_lost():
    questions = {(*PREFIX, i): {(7,): i} for i in range(1000)}
    rows = Packing(True).rows(questions)
    assert len(rows) == -(-1000 // (3 * len(PREFIX)))
    assert sorted(slot for row in rows for slot in row.slots) == list(range(1000))
    narrow = Packing(True, longest=50).rows(questions)
    assert max(map(len, narrow)) == 50
    assert sorted(slot for row in narrow for slot in row.slots) == list(range(1000))


def test_a_prompt_too_long_for_a_branch_stands_alone():
    long = (*PREFIX, *range(200, 400))
    rows = Packing(True).rows(
        {(*PREFIX, 1): {(7,): 0}, (*PREFIX, 2): {(7,): 1}, long: {(7,): 2}}
        | {(*PREFIX, i): {(7,): i} for i in range(3, 20)}
    )
    assert [row.tokens for row in rows if 2 in row.slots] == [list(long)]


def test_what_is_worth_sharing():
    assert shared_prefix([(*PREFIX, 1), (*PREFIX, 2, 3)]) == PREFIX
    assert shared_prefix([(*PREFIX, 1)]) == ()
    assert shared_prefix([(*PREFIX[:LEAST_PREFIX], 1), (*PREFIX[:LEAST_PREFIX], 2)]) != ()
    assert shared_prefix([(*PREFIX[: LEAST_PREFIX - 1], 1), (*PREFIX[: LEAST_PREFIX - 1], 2)]) == ()
    rest = tuple(range(500, 545))
    assert shared_prefix([(*PREFIX, 1, *rest), (*PREFIX, 2, *rest)]) == ()
    # Every prompt keeps a token of its own, also where one is the beginning of another.
    assert shared_prefix([PREFIX, (*PREFIX, 1)]) == PREFIX[:-1]
    assert not Packing(False).rows({(*PREFIX, 1): {(7,): 0}, (*PREFIX, 2): {(7,): 1}})[0].packed
