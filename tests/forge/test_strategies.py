"""Arguments made from a signature: of the declared type, the same each time, and with nothing of the host's in them."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis.internal.conjecture.providers import HypothesisProvider

import agentforge
from agentforge import assets
from agentforge.errors import ConfigurationError
from agentforge.forge import strategies
from agentforge.forge.strategies import arguments
from agentforge.registry.contract import parse_signature, read_signature
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import load_folder

FOLDER = assets.folder("toolbox")
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
TYPED = '''from typing import Literal, NotRequired, TypedDict


class Item(TypedDict):
    name: str
    price: NotRequired[float]


def f(items: list[Item], unit: Literal["kg", "g"], extra: dict[str, int | None] | None = None, any: list = []) -> int:
    """Do."""
    return 1
'''


def parameters(text):
    return parse_signature(text).parameters


@pytest.mark.parametrize("name", NAMES)
def test_inputs_for_a_real_tool_fit_its_schema_and_are_the_same_each_time(name):
    tool = load_folder(FOLDER / name)
    known = [example.args for example in tool.examples]
    made = arguments(tool.signature.parameters, known, count=20)
    assert len(made) >= 10
    assert [mismatches(args, tool.signature.parameters) for args in made] == [[]] * len(made)
    assert arguments(tool.signature.parameters, known, count=20) == made


def test_every_type_of_the_contract_can_be_made():
    schema = read_signature(TYPED, "f").parameters
    made = arguments(schema, [], count=40)
    assert [mismatches(args, schema) for args in made] == [[]] * len(made)
    assert {args["unit"] for args in made} == {"kg", "g"}
    assert any("extra" not in args for args in made)


def test_sizes_follow_the_examples():
    small = arguments(parameters("(n: int, t: str) -> int"), [{"n": 3, "t": "ab"}], count=60)
    assert all(abs(args["n"]) <= 100 and len(args["t"]) <= 12 for args in small)
    large = arguments(parameters("(n: int, t: str) -> int"), [{"n": 50_000, "t": "ab" * 30}], count=60)
    assert max(abs(args["n"]) for args in large) > 1000
    assert max(len(args["t"]) for args in large) > 12


def test_a_function_without_parameters_has_one_input():
    assert arguments(parameters("() -> int"), [], count=9) == [{}]


def test_nothing_is_written_and_no_constant_of_local_sources_gets_in(tmp_path):
    """hypothesis would read them out of every module that is not installed, the host's secrets among them."""
    (tmp_path / "host_settings.py").write_text(
        "SECRET = 73219\nMORE = 73220\n" + "\n".join(f"S{n} = {80000 + n}" for n in range(200))
    )
    code = (
        "import host_settings\n"
        "from agentforge.forge.strategies import arguments\n"
        "from agentforge.registry.contract import parse_signature\n"
        "schema = parse_signature('(n: int) -> int').parameters\n"
        "made = arguments(schema, [{'n': 100000}], count=400)\n"
        "print(sum(73219 <= args['n'] <= 73220 or 80000 <= args['n'] < 80200 for args in made), len(made))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(agentforge.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    hits, count = map(int, done.stdout.split())
    assert count > 200
    assert hits <= 2  # by chance
    assert {path.name for path in tmp_path.iterdir()} <= {"host_settings.py", "__pycache__"}


def test_about_half_of_all_records_have_the_shape_of_the_known_ones():
    schema = parameters("(points: list[list[int]], rows: list[dict[str, int]]) -> int")
    known = [{"points": [[0, 1], [2, 3], [4, 5]], "rows": [{"price": 1, "count": 2}] * 3}]
    made = arguments(schema, known, count=60)
    points = [len(point) for args in made for point in args["points"]]
    rows = [row.keys() == {"price", "count"} for args in made for row in args["rows"]]
    assert 0.4 < points.count(2) / len(points) < 1
    assert 0.4 < sum(rows) / len(rows) < 1


def test_a_hypothesis_without_the_seam_is_refused_instead_of_giving_away_the_hosts_constants(monkeypatch):
    strategies._backend.cache_clear()
    monkeypatch.delattr(HypothesisProvider, "_maybe_draw_constant")
    with pytest.raises(ConfigurationError, match="newer than this AgentForge can use"):
        arguments(parameters("(n: int) -> int"), [], count=2)


def test_forgings_in_several_threads_do_not_disturb_each_other_or_the_host():
    """A worker forges for several users at once, and a product draws its own random numbers meanwhile."""
    schema = parameters("(n: int, t: str) -> int")
    alone = arguments(schema, [], count=20)
    own = Random(7)
    expected = [own.random() for _ in range(200_000)]
    limit = sys.getrecursionlimit()
    random.seed(7)
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(arguments, schema, [], count=20) for _ in range(40)]
        drawn = [random.random() for _ in expected]
        assert [one.result() for one in made] == [alone] * 40
    assert drawn == expected
    assert sys.getrecursionlimit() == limit
