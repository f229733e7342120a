"""Built-in tasks: generated English with known rationale and exact posterior. No download.

A task is one file with a function `draft_<task>(random, clauses)` that generates one example and its posterior; here
its label is drawn, and texts of other splits are rejected.
"""

from collections.abc import Callable
from random import Random

from keepfaith.tasks.builtin.example import BuiltinExample, Draft
from keepfaith.tasks.builtin.lookup import LOOKUP_FACTS, draft_lookup
from keepfaith.tasks.builtin.passage import PASSAGE_FACTS, draft_passage
from keepfaith.tasks.builtin.sentiment import SENTIMENT_CLAUSES, draft_sentiment
from keepfaith.tasks.builtin.splits import SPLITS, split_of, split_seed

__all__ = ["SPLITS", "TASKS", "BuiltinExample", "generate"]

_DRAFTS: dict[str, tuple[Callable[[Random, int], Draft], int]] = {
    "sentiment": (draft_sentiment, SENTIMENT_CLAUSES),
    "passage": (draft_passage, PASSAGE_FACTS),
    "lookup": (draft_lookup, LOOKUP_FACTS),
}
"""{task: (function that generates an example of a number of clauses, number of clauses of the task)}"""
TASKS = tuple(_DRAFTS)


def generate(
    task: str, split: str, count: int, seed: int, *, easy: bool = False
) -> list[BuiltinExample]:
    """`count` examples of `task`, no main text twice, none that could be in another split.

    A longer call starts with the examples of a shorter one. `easy` examples, for a curriculum, have fewer clauses (from
    one to the task's number) and may recur. Raises ValueError for an unknown task or split and for a negative count.
    """
    if task not in _DRAFTS:
        raise ValueError(f"unknown built-in task {task!r}; there are {', '.join(TASKS)}")
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; there are {', '.join(SPLITS)}")
    if count < 0:
        raise ValueError(f"cannot write {count} examples")
    write, clauses = _DRAFTS[task]
    random = Random(split_seed(task, split, seed))
    examples: list[BuiltinExample] = []
    seen: set[str] = set()
    while len(examples) < count:
        draft = write(random, random.randint(1, clauses) if easy else clauses)
        if split_of(draft.text) != split or (draft.text in seen and not easy):
            continue
        seen.add(draft.text)
        label = random.choices(range(len(draft.choices)), draft.posterior)[0]
        examples.append(
            BuiltinExample(
                id=f"{task}-{split}-{seed}-{len(examples)}",
                fields=draft.fields,
                choices=draft.choices,
                label=label,
                rationale=draft.rationale,
                posterior=draft.posterior,
            )
        )
    return examples
