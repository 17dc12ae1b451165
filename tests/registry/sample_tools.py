"""Tools to put into registries, and the pace of property tests."""

from hypothesis import settings

from agentforge.registry.contract import read_signature
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool, to_files
from agentforge.types import Capabilities, Example

UNHURRIED = settings(deadline=None)
"""A busy machine is no failure."""

EXAMPLES = (Example({"text": "A"}, "a"),)


def make_tool(
    name="slugify",
    body="return text.strip().lower()",
    *,
    summary="Turn text into a URL slug.",
    requests=(),
    imports=(),
    capabilities=None,
    examples=EXAMPLES,
    **provenance,
):
    """A small valid tool; ``imports`` are toolbox tools that it uses."""
    lines = [f"from toolbox import {other}\n" for other in imports]
    source = f'{"".join(lines)}\n\ndef {name}(text: str) -> str:\n    """{summary}"""\n    {body}\n'
    manifest = Manifest(
        name=name,
        summary=summary,
        signature=read_signature(source, name).text,
        requests=tuple(requests),
        depends=tuple(imports),
        capabilities=capabilities or Capabilities(),
        provenance=Provenance(**provenance),
    )
    tests = f"from tool import {name}\n\n\ndef test_lower():\n    assert {name}('A') == 'a'\n"
    return Tool(manifest, source, tests, tuple(examples), {"gates": []})


def write_tool(folder, tool):
    """A tool folder on the file system, as in the base layer."""
    place = folder / tool.name
    place.mkdir(parents=True)
    for name, contents in to_files(tool).items():
        (place / name).write_bytes(contents)
    return place
