"""What is listed by looking at files is what registers itself on import."""

from keepfaith.config import registries


def test_criteria() -> None:
    from keepfaith.orders import registry

    assert list(registries.criteria()) == registry.names()
