"""Pages from templates: one style, one script, and a policy that lets a browser load and run nothing else."""

import base64
import hashlib
import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from keepfaith.report.terms import anchor_of, linked

TEMPLATES = Path(__file__).parent / "templates"


def signed(value: float, digits: int = 3) -> str:
    """A number with its sign, as in `+0.120`."""
    return f"{value:+.{digits}f}"


class Templates:
    """The templates; every text is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["signed"] = signed
        self._environment.filters["linked"] = linked
        self._environment.filters["anchor"] = anchor_of
        self._environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)

    def part(self, name: str, **context: object) -> str:
        """A part of a page."""
        return self._environment.get_template(name).render(**context)

    def page(self, name: str, title: str, **context: object) -> str:
        """A whole page: a template that extends `base.html.j2`."""
        # Marked as character data, so that the page is well-formed XML as well.
        script = f"//<![CDATA[\n{(TEMPLATES / 'page.js').read_text(encoding='utf-8')}//]]>"
        return self.part(
            name,
            title=title,
            style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
            script=Markup(script),
            script_hash=_source_hash(script),
            **context,
        )


def _source_hash(script: str) -> str:
    """The source of a content security policy that allows this inline script alone."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
