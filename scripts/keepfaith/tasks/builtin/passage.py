"""A yes/no question on a short passage: the present state of a building, among remarks on past states.

Every sentence is about the same building and the same quality; only the one in the present tense counts.
"""

from random import Random

from keepfaith.tasks.builtin.example import Draft, assemble, capitalised
from keepfaith.tasks.builtin.hedges import draw_hedge

NO_YES = ("no", "yes")
BUILDINGS = ("shop", "library", "station", "kitchen", "garden", "museum", "office", "market")
STATES = (
    ("closed", "open"),
    ("empty", "full"),
    ("cold", "warm"),
    ("dirty", "clean"),
    ("noisy", "quiet"),
    ("dark", "bright"),
)
"""Opposites; the question asks for the second of a pair."""
PASSAGE_FACTS = 3


def draft_passage(random: Random, facts: int = PASSAGE_FACTS) -> Draft:
    """A passage of `facts` sentences in random order, one of them in the present."""
    building = random.choice(BUILDINGS)
    states = random.choice(STATES)
    present = random.randrange(facts)
    pieces: list[tuple[str, bool]] = []
    posterior: tuple[float, ...] = ()
    for fact in range(facts):
        hedge = draw_hedge(random)
        stated = random.randrange(2)
        verb = "is" if fact == present else "was"
        sentence = capitalised(f"{hedge.before}the {building} {verb} {states[stated]}.")
        pieces += [(" " if fact else "", False), (sentence, fact == present)]
        if fact == present:
            posterior = hedge.posterior(stated, len(NO_YES))
    passage, spans = assemble(pieces)
    fields = {"passage": passage, "question": f"is the {building} {states[1]} now"}
    return Draft(fields, NO_YES, {"passage": spans}, posterior)
