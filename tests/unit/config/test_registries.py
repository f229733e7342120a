"""What is listed by looking at files is what registers itself on import."""

from keepfaith.config import registries


def test_attribution_methods() -> None:
    from keepfaith.attribution import registry

    assert list(registries.attribution_methods()) == registry.names()


def test_operators() -> None:
    from keepfaith.faithfulness import operators

    assert list(registries.operators()) == operators.names()
