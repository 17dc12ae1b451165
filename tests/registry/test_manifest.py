"""``tool.toml``: every problem named, nothing lost on the way there and back."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sample_tools import UNHURRIED

from agentforge import assets
from agentforge.errors import ToolInvalid
from agentforge.registry.manifest import Manifest, Provenance, json_schema, one_line, read_manifest, write_manifest
from agentforge.types import Capabilities, Role

FULL = Manifest(
    name="slugify",
    summary="Turn text into a slug.",
    signature="(text: str) -> str",
    requests=("Give me a slug for 'Big Deal'.", "URL für Ünïcode?"),
    depends=("parse_size",),
    capabilities=Capabilities(hosts=("example.org",), clock=True),
    provenance=Provenance(
        job="j1",
        episodes=("e1", "e2"),
        sources=("doc:7",),
        parent="a" * 64,
        models={Role.GENERATE: "Qwen/Qwen2.5-Coder-1.5B", Role.PLAN: "x"},
        prompts={"candidate": "sha256:12"},
        image="sha256:ab",
        tester_is_generator=True,
        created=date(2026, 1, 2),
    ),
)


def test_a_manifest_survives_its_file():
    assert read_manifest(write_manifest(FULL), culprit="slugify") == FULL


def test_what_is_at_its_default_is_left_out():
    plain = Manifest(name="a", summary="b", signature="() -> int")
    assert write_manifest(plain) == 'format = 1\nname = "a"\nsummary = "b"\nsignature = "() -> int"\n'
    assert read_manifest(write_manifest(plain), culprit="a") == plain


def test_all_problems_of_a_manifest_come_at_once():
    text = 'format = 2\nname = "A-b"\nsummary = "two\\nlines"\ntypo = 1\n[capabilities]\nhots = ["x"]\n'
    with pytest.raises(ToolInvalid) as caught:
        read_manifest(text, culprit="slugify")
    places = {problem.split(": ")[1] for problem in caught.value.problems}
    assert places == {"format", "name", "summary", "signature", "typo", "capabilities.hots"}
    assert "'slugify'" in str(caught.value)


@pytest.mark.parametrize("text", ["= 1", "\0", "a = [" * 3000, "name = 'a'\nname = 'b'"])
def test_what_is_no_toml_is_told(text):
    with pytest.raises(ToolInvalid, match=r"tool\.toml is no TOML"):
        read_manifest(text, culprit="slugify")


@pytest.mark.parametrize(
    "changed",
    [
        {"job": "made from what the user said"},
        {"episodes": ["e1\nApprover: me"]},
        {"parent": "-x"},
        {"models": {"boss": "x"}},
        {"prompts": {"candidate": "x" * 151}},
    ],
)
def test_provenance_holds_ids_only(changed):
    with pytest.raises(ValueError, match="provenance"):
        Manifest.model_validate({"name": "a", "summary": "b", "signature": "c", "provenance": changed})


def test_the_schema_file_is_the_models_own():
    written = json.loads((assets.folder("registry") / "manifest.schema.json").read_text(encoding="utf-8"))
    assert written == json_schema(), "write it again: the command stands in registry/README.md"


def test_the_schema_accepts_what_the_model_accepts():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(FULL.model_dump(mode="json"))
    assert not validator.is_valid({**FULL.model_dump(mode="json"), "name": "A"})
    assert not validator.is_valid({**FULL.model_dump(mode="json"), "extra": 1})


@UNHURRIED
@given(st.text(), st.integers(min_value=1, max_value=200))
def test_any_text_becomes_one_line_that_a_manifest_takes(text, most):
    line = one_line(text, most)
    assert len(line) <= most
    if line:
        assert Manifest(name="a", summary=line, signature="x").summary == line


lines = st.text(min_size=1, max_size=60).map(lambda text: one_line(text, 60)).filter(bool)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:@/+=-]{0,20}", fullmatch=True)


@UNHURRIED
@given(lines, st.lists(lines, max_size=4), st.lists(ids, max_size=3), st.dictionaries(st.sampled_from(Role), ids))
def test_every_manifest_survives_its_file(summary, requests, episodes, models):
    provenance = Provenance(episodes=tuple(episodes), models=models)
    manifest = Manifest(name="a", summary=summary, signature="x", requests=tuple(requests), provenance=provenance)
    assert read_manifest(write_manifest(manifest), culprit="a") == manifest
