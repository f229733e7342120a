"""Sentiment of a review with a side remark that praises or blames something else.

Only the clause about the film counts; "not" inverts its adjective. The side remark has its own adjective, negation and
hedge, so that counting words of either polarity does not help.
"""

from random import Random

from keepfaith.tasks.builtin.example import Draft, assemble, capitalised
from keepfaith.tasks.builtin.hedges import draw_hedge

POLARITIES = ("negative", "positive")
REVIEWED = ("film", "movie", "plot", "story", "cast", "ending")
ASIDE = ("weather", "traffic", "popcorn", "lobby", "bus", "seat")
ADJECTIVES: dict[int, tuple[str, ...]] = {
    0: ("bad", "awful", "dull", "boring", "weak", "clumsy", "poor", "terrible"),
    1: ("good", "great", "lovely", "charming", "clever", "superb", "fine", "bright"),
}
"""Adjectives by polarity, 0 negative and 1 positive."""
SENTIMENT_CLAUSES = 2
NEGATION = 0.3
"""Share of clauses with "not"."""
LINKS = (", but ", ", and ", ". ")


def _clause(random: Random, nouns: tuple[str, ...]) -> tuple[str, str, tuple[float, ...]]:
    """Subject, predicate and the posterior of a clause about one of `nouns`."""
    hedge = draw_hedge(random)
    negated = random.random() < NEGATION
    polarity = random.randrange(2)
    adjective = random.choice(ADJECTIVES[polarity])
    stated = 1 - polarity if negated else polarity
    predicate = f"{hedge.before}{'not ' if negated else ''}{adjective}"
    return f"the {random.choice(nouns)} was ", predicate, hedge.posterior(stated, 2)


def draft_sentiment(random: Random, clauses: int = SENTIMENT_CLAUSES) -> Draft:
    """A review: the clause that counts and, with two, one that does not, in either order."""
    subject, predicate, posterior = _clause(random, REVIEWED)
    said = [(subject, predicate, True)]
    if clauses > 1:
        subject, predicate, _ = _clause(random, ASIDE)
        said.insert(random.randrange(2), (subject, predicate, False))
    link = random.choice(LINKS)
    pieces: list[tuple[str, bool]] = []
    for index, (subject, predicate, counts) in enumerate(said):
        opens = index == 0 or link == ". "
        pieces.append((link if index else "", False))
        pieces.append(((capitalised(subject) if opens else subject) + predicate, counts))
    text, spans = assemble([*pieces, (".", False)])
    return Draft({"text": text}, POLARITIES, {"text": spans}, posterior)
