"""Where is a thing now? The text names four places, all of which are choices, so finding a place is not enough."""

from random import Random

from keepfaith.tasks.builtin.example import Draft, assemble, capitalised
from keepfaith.tasks.builtin.hedges import draw_hedge

ITEMS = ("ring", "key", "coin", "map", "letter", "watch", "book", "ticket")
HIDING_PLACES = (
    "in the blue cabinet",
    "in the red box",
    "in the small drawer",
    "in the leather bag",
    "under the old desk",
    "under the wooden bench",
    "under the soft pillow",
    "under the round table",
    "behind the green door",
    "behind the tall mirror",
    "behind the white curtain",
    "behind the broken clock",
)
LOOKUP_FACTS = 4


def draft_lookup(random: Random, facts: int = LOOKUP_FACTS) -> Draft:
    """A passage of `facts` sentences in random order, one of them in the present."""
    item = random.choice(ITEMS)
    places = random.sample(HIDING_PLACES, facts)
    hedges = [draw_hedge(random) for _ in places]
    present = random.randrange(facts)
    pieces: list[tuple[str, bool]] = []
    for fact, (hedge, place) in enumerate(zip(hedges, places, strict=True)):
        verb = "is" if fact == present else "was"
        sentence = capitalised(f"{hedge.before}the {item} {verb} {place}.")
        pieces += [(" " if fact else "", False), (sentence, fact == present)]
    passage, spans = assemble(pieces)
    choices = random.sample(places, facts)
    posterior = hedges[present].posterior(choices.index(places[present]), facts)
    fields = {"passage": passage, "question": f"Where is the {item} now?"}
    return Draft(fields, tuple(choices), {"passage": spans}, posterior)
