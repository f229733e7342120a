"""What the attribution methods declare."""

from dataclasses import replace

import pytest

from keepfaith.config.strict import Strict
from keepfaith.plugins.method import METHODS, Passes

NAMES = (
    "attnlrp",
    "gradient_norm",
    "input_x_gradient",
    "integrated_gradients",
    "kernelshap",
    "lime",
    "random",
)


def test_methods_are_the_modules_of_their_folder() -> None:
    assert METHODS.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_method_says_where_it_comes_from_and_what_it_costs(name: str) -> None:
    method = METHODS.load(name)
    assert method.label and method.citation
    assert issubclass(method.settings, Strict)
    passes = method.passes(method.settings(), 40)
    assert (passes.shared + passes.per_level > 0) == method.needs_model


@pytest.mark.parametrize(
    ("name", "settings", "shared", "per_level", "best_other"),
    [
        ("lime", {"samples_per_token": 5}, 5 * 40, 0, None),
        ("lime", {"maximum_samples": 100}, 100, 0, None),
        ("lime", {"maximum_samples": 121}, 3 * 40, 0, None),
        ("kernelshap", {}, 3 * 40, 0, None),
        ("integrated_gradients", {"steps": 7}, 2, 3 * 7, Passes(0, 7)),
        ("input_x_gradient", {}, 0, 3, Passes(1, 0)),
        ("gradient_norm", {}, 0, 3, Passes(1, 0)),
        ("attnlrp", {}, 1, 3, Passes(1, 0)),
        ("random", {}, 0, 0, None),
    ],
)
def test_passes_by_hand(
    name: str,
    settings: dict[str, int],
    shared: float,
    per_level: float,
    best_other: Passes | None,
) -> None:
    method = METHODS.load(name)
    passes = method.passes(method.settings(**settings), 40)
    assert (passes.shared, passes.per_level) == (shared, per_level)
    assert passes.best_other == best_other


def test_an_unknown_method_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=", ".join(NAMES)):
        METHODS.load("shap")
    with pytest.raises(ValueError, match="no attribution method"):
        METHODS.load("../lime")


def test_only_random_scores_are_a_control() -> None:
    roles = {name: METHODS.load(name).role for name in NAMES}
    assert [name for name, role in roles.items() if role == "control"] == ["random"]
    assert set(roles.values()) == {"method", "control"}


def test_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="role 'baseline'; write method or control"):
        replace(METHODS.load("lime"), role="baseline")  # type: ignore[arg-type]
