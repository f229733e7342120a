import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from keepfaith.statistics.proportions import _score, mcnemar, tango, wilson


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (0, 6), (3, 12), (20, 20), (150, 90)])
def test_mcnemar_equals_the_binomial_test(gained, lost):
    # Counted from the definition: probability of a split at least as uneven.
    total = gained + lost
    probabilities = stats.binom.pmf(np.arange(total + 1), total, 0.5)
    extreme = np.abs(np.arange(total + 1) - total / 2) >= abs(gained - total / 2)
    assert mcnemar(gained, lost) == pytest.approx(min(1.0, probabilities[extreme].sum()))
    if total:
        assert mcnemar(gained, lost) == pytest.approx(stats.binomtest(gained, total).pvalue)


def test_wilson_by_its_formula():
    z, n, x = stats.norm.ppf(0.975), 40, 37
    centre = (x + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(x * (n - x) / n + z**2 / 4)
    np.testing.assert_allclose(wilson(x, n), (centre - half, centre + half))
    assert wilson(40, 40).high == pytest.approx(1.0)
    assert wilson(40, 40).low < 0.93


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.9995])
def test_wilson_equals_scipys(confidence):
    for trials in (1, 2, 17, 300):
        for successes in {0, 1, trials // 3, trials - 1, trials}:
            peer = stats.binomtest(successes, trials).proportion_ci(confidence, "wilson")
            assert wilson(successes, trials, confidence) == (peer.low, peer.high)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 5)])
def test_counts_that_cannot_be_are_refused(successes, trials):
    with pytest.raises(ValueError, match=f"{successes} successes in {trials} trials"):
        wilson(successes, trials)


@pytest.mark.parametrize("n", [10, 50, 400])
def test_tango_without_discordant_pairs_is_the_rule_of_four(n):
    z = stats.norm.ppf(0.975)
    end = z**2 / (n + z**2)
    np.testing.assert_allclose(tango(0, 0, n), (-end, end), atol=1e-6)


@pytest.mark.parametrize(("gained", "lost", "n"), [(5, 2, 30), (0, 4, 25), (9, 9, 60), (1, 14, 40)])
def test_tangos_restricted_estimate_maximises_the_likelihood(gained, lost, n):
    for difference in (-0.3, -0.05, 0.1, 0.25):
        same = n - gained - lost

        def minus_likelihood(loss, difference=difference, same=same):
            cells = np.array([loss + difference, loss, 1 - 2 * loss - difference])
            return -np.dot([gained, lost, same], np.log(np.maximum(cells, 1e-300)))

        bounds = (max(0.0, -difference) + 1e-12, (1 - difference) / 2 - 1e-12)
        best = minimize_scalar(minus_likelihood, bounds=bounds, method="bounded").x
        distance = gained - lost - n * difference
        expected = distance / np.sqrt(n * (2 * best + difference * (1 - difference)))
        assert _score(gained, lost, n, difference) == pytest.approx(expected, rel=1e-3)


def test_tango_is_antisymmetric_and_holds_its_estimate():
    for gained, lost in [(0, 0), (3, 1), (0, 20), (20, 0), (7, 13)]:
        low, high = tango(gained, lost, 20)
        np.testing.assert_allclose(tango(lost, gained, 20), (-high, -low), atol=1e-9)
        assert -1 <= low <= (gained - lost) / 20 <= high <= 1


def test_tango_covers_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    pairs = generator.multinomial(100, [0.06, 0.02, 0.92], size=400)
    ends = [tango(gained, lost, 100) for gained, lost, _ in pairs]
    covered = np.mean([low <= 0.04 <= high for low, high in ends])
    assert 0.92 <= covered <= 0.99
