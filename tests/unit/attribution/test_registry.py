import subprocess
import sys
from dataclasses import replace

import pytest

from keepfaith.attribution import registry

NAMES = ["input_x_gradient", "integrated_gradients", "kernelshap", "lime", "random"]


def test_methods_are_the_modules_of_their_folder():
    assert registry.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_method_says_where_it_comes_from_and_what_it_costs(name):
    method = registry.load(name)
    assert method.citation and method.cost
    assert method.seeded == ("seeds" in method.settings)


def test_an_unknown_method_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="input_x_gradient, integrated_gradients, kernelshap, lime, random"
    ):
        registry.load("shap")
    with pytest.raises(ValueError, match="no attribution method"):
        registry.load("../lime")


def test_listing_the_names_loads_no_torch():
    code = (
        "import sys; from keepfaith.attribution import registry; registry.names(); "
        "from keepfaith.faithfulness import operators; operators.names(); "
        "assert 'torch' not in sys.modules"
    )
    path = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", code], check=True, env=path)


def test_only_random_scores_are_a_control():
    roles = {name: registry.load(name).role for name in NAMES}
    assert [name for name, role in roles.items() if role == "control"] == ["random"]
    assert set(roles.values()) == {"method", "control"}


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="role 'baseline'; write method or control"):
        replace(registry.load("lime"), role="baseline")
