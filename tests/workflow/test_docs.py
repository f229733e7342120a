"""docs/architecture.md shows the workflow as it is."""

import re

from workflow_copy import REPOSITORY, Workflow

Edges = set[tuple[str, str]]


def rule_graph(workflow: Workflow) -> Edges:
    """Which rule feeds which, as Snakemake has it, without what follows from other edges."""
    graph = workflow.run("--configfile", "mini.yaml", "--forceall", "--rulegraph", "mermaid-js")
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", graph.stdout, re.MULTILINE))
    edges = re.findall(r"^\s*(id\d+) --> (id\d+)$", graph.stdout, re.MULTILINE)
    assert edges, graph.stdout[-2000:]
    return reduced({(names[one], names[other]) for one, other in edges})


def reduced(edges: Edges) -> Edges:
    """The edges that no longer way implies."""

    def reaches(start: str, end: str, without: tuple[str, str]) -> bool:
        after = {other for one, other in edges - {without} if one == start}
        return end in after or any(reaches(each, end, without) for each in after)

    return {edge for edge in edges if not reaches(*edge, edge)}


def test_the_picture_of_the_workflow_is_that_of_its_rules(finished: Workflow) -> None:
    page = (REPOSITORY / "docs/architecture.md").read_text(encoding="utf-8")
    (picture,) = re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL)
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+)$", picture, re.MULTILINE))
    assert drawn == rule_graph(finished)
