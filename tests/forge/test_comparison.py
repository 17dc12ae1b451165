"""What candidates are compared on."""

from agentforge.forge.comparison import Comparison
from agentforge.forge.domain import is_ragged
from agentforge.forge.parts import Teller
from agentforge.forge.spec import make_spec
from agentforge.types import Example, Need

GRIDS = (
    Example({"grid": [[1, 0], [0, 1], [1, 1]]}, returns=3),
    Example({"grid": [[1, 0, 1], [0, 1, 0], [1, 1, 1]]}, returns=4),
)
FORGETFUL = (
    Example({"grid": [[1, 1], [0], [1, 1]]}, returns=2),
    Example({"grid": [[1, 1], [0, 0], [1, 1]]}, returns=2),
)


class Author:
    """Its tester forgot a cell in one of two cases."""

    spec = make_spec(Need("ones", "(grid: list[list[int]]) -> int", "Count the ones.", GRIDS))

    async def tests(self, many):
        return list(FORGETFUL)[:many], "as it came"


async def compared():
    async with Comparison(Author(), Teller(lambda kind, data: None, "a job")) as comparison:
        await comparison.ready()
        return comparison


async def test_a_grid_that_lost_a_cell_is_no_case():
    assert (await compared()).cases == [FORGETFUL[1]]


async def test_no_probe_of_grids_has_rows_of_different_lengths():
    probes = (await compared()).probes
    known = [example.args for example in GRIDS]

    assert len(probes) > 5
    assert not any(is_ragged(args, known) for args in probes)
