"""Arguments of a declared type, made on the host with hypothesis: what a signature allows and nobody thought of.

The sizes follow the known examples, so that an honest tool is not asked for the factorial of a
million, and about half of all records have the known shape (``forge.domain.is_misshapen``).
hypothesis is imported when something is made, since it takes a third of a second.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache
from importlib.metadata import version
from random import Random
from typing import TYPE_CHECKING, cast

from agentforge.errors import ConfigurationError
from agentforge.forge.domain import FEWEST_RECORDS
from agentforge.types import JSON, JSONObject

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LEAST_NUMBER = 100
"""Numbers go up to ten times the largest known one, and at least so far."""
LEAST_TEXT = 12
"""Texts grow to twice the longest known one, and at least to so many characters."""
LEAST_ITEMS = 5
"""Lists and objects likewise."""
LONGEST_TEXT = 200

_LETTERS = "aZ09 -_.,:;/@#'\"%+()\n\té ß中"
"""Characters with which code goes wrong, beside those of the known texts."""
_DEEPEST = 3
_BACKEND = "agentforge"


def arguments(parameters: JSONObject, known: Sequence[JSONObject], *, count: int) -> list[JSONObject]:
    """``count`` argument objects at the most that fit the schema ``parameters``, none of them twice.

    The same for the same input: derandomised, with no database on disk and no deadline, and without the
    constants that hypothesis would take from the host's own source files, which must not reach a box.

    The engine is run as HypoFuzz runs it, and not through ``given``: that would seed the process's own ``random``
    for as long as it draws, and would warn when another thread of the host drew from it meanwhile.
    """
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis.control import BuildContext
    from hypothesis.internal.conjecture.data import ConjectureData
    from hypothesis.internal.conjecture.engine import ConjectureRunner

    made: dict[str, JSONObject] = {}
    strategy = _object(parameters, list(known))

    def take(data: ConjectureData) -> None:
        with BuildContext(data, is_final=False, wrapped_test=take):
            args = data.draw(strategy)
        if len(made) < count:
            made.setdefault(repr(args), args)

    fuzz = settings(
        max_examples=count * 2,
        backend=_backend(),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[
            *(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
            HealthCheck.large_base_example,
        ],
    )
    ConjectureRunner(take, settings=fuzz, random=Random(0)).run()  # noqa: S311 - the same inputs each time are what is wanted
    return list(made.values())


@cache
def _backend() -> str:
    """Hypothesis' own provider without the constants of local modules (its documented seam for others)."""
    from hypothesis.internal.conjecture import providers

    class Provider(providers.HypothesisProvider):
        """Draws as hypothesis does, from chance alone."""

        def _maybe_draw_constant(self, *_: object, **__: object) -> None:
            return None

    if not hasattr(providers.HypothesisProvider, "_maybe_draw_constant"):  # it would be there in vain
        raise ConfigurationError(
            f"hypothesis {version('hypothesis')} is newer than this AgentForge can use.",
            fix='Install an older one: pip install "hypothesis<6.171".',
        )
    module = __name__
    globals()["Provider"] = Provider
    providers.AVAILABLE_PROVIDERS[_BACKEND] = f"{module}.Provider"
    return _BACKEND


def _any(schema: JSON, known: Sequence[JSON], depth: int = 0) -> SearchStrategy[JSON]:
    """Values of one schema as :mod:`agentforge.registry.annotations` makes them."""
    from hypothesis import strategies as st

    match schema:
        case {"enum": list(values)}:
            return st.sampled_from(values)
        case {"anyOf": list(sides)}:
            return st.one_of([_any(side, known, depth) for side in sides])
        case {"type": "integer"}:
            return _integers(known)
        case {"type": "number"}:
            return _numbers(known)
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "null"}:
            return st.none()
        case {"type": "string"}:
            return _texts(known)
        case {"type": "array"}:
            return _lists(schema.get("items", {}), known, depth)
        case {"type": "object"}:
            return cast("SearchStrategy[JSON]", _object(schema, known, depth))
        case _:
            return _anything(known, depth)


def _anything(known: Sequence[JSON], depth: int) -> SearchStrategy[JSON]:
    """Where the type says nothing: what the examples have there, and JSON."""
    from hypothesis import strategies as st

    scalars = [_integers(known), _texts(known), st.booleans(), st.none()]
    deeper = [] if depth >= _DEEPEST else [_lists({}, [], depth), _any({"type": "object"}, [], depth)]
    alike = [_any(_type_of(value), known, depth) for value in known[:1]] * 3
    return st.one_of([*alike, *scalars, *deeper])


def _type_of(value: JSON) -> JSON:
    names = {"bool": "boolean", "int": "integer", "float": "number", "str": "string", "list": "array", "dict": "object"}
    return {"type": names.get(type(value).__name__, "null")}


def _integers(known: Sequence[JSON]) -> SearchStrategy[JSON]:
    from hypothesis import strategies as st

    most = math.ceil(_largest(known))
    near = [int(value) for value in known if isinstance(value, int) and not isinstance(value, bool)]
    sampled = [st.sampled_from(sorted({value + step for value in near for step in (-1, 0, 1)}))] if near else []
    return st.one_of([st.integers(-10, 10), st.integers(-most, most), *sampled])


def _numbers(known: Sequence[JSON]) -> SearchStrategy[JSON]:
    from hypothesis import strategies as st

    most = _largest(known)
    return st.one_of(
        [
            st.integers(-10, 10).map(float),
            st.floats(-most, most, allow_nan=False, allow_subnormal=False).map(lambda value: round(value, 2) + 0.0),
        ]
    )


def _largest(known: Sequence[JSON]) -> float:
    numbers = (abs(value) for value in known if isinstance(value, int | float) and not isinstance(value, bool))
    return min(max((10.0 * value for value in numbers), default=0.0), 1e12) or LEAST_NUMBER


def _texts(known: Sequence[JSON]) -> SearchStrategy[JSON]:
    from hypothesis import strategies as st

    texts = [value for value in known if isinstance(value, str)]
    longest = min(max([LEAST_TEXT, *(2 * len(text) for text in texts)]), LONGEST_TEXT)
    own = sorted(set("".join(texts)))
    spelled = [_spelled({*own, *_LETTERS}, longest), *([_spelled(own, longest)] if own else [])]
    return cast("SearchStrategy[JSON]", st.one_of(spelled))


def _spelled(letters: Collection[str], longest: int) -> SearchStrategy[str]:
    """Texts of these letters; ``st.text`` would write its table of Unicode into the current folder."""
    from hypothesis import strategies as st

    return st.lists(st.sampled_from(sorted(letters)), max_size=longest).map("".join)


def _lists(items: JSON, known: Sequence[JSON], depth: int) -> SearchStrategy[JSON]:
    from hypothesis import strategies as st

    lists = [value for value in known if isinstance(value, list)]
    longest = max([LEAST_ITEMS, *(min(2 * len(value), 30) for value in lists)])
    inner = _any(items, [item for value in lists for item in value], depth + 1)
    free = st.lists(inner, max_size=longest)
    sizes = {len(value) for value in lists}
    if depth > 1 and len(lists) >= FEWEST_RECORDS and len(sizes) == 1 and (size := sizes.pop()) > 1:
        record = st.lists(inner, min_size=size, max_size=size)
        return cast("SearchStrategy[JSON]", st.one_of(record, free))
    return cast("SearchStrategy[JSON]", free)


def _object(schema: JSONObject, known: Sequence[JSON], depth: int = 0) -> SearchStrategy[JSONObject]:
    from hypothesis import strategies as st

    objects = [value for value in known if isinstance(value, dict)]
    properties, required = schema.get("properties"), schema.get("required")
    if isinstance(properties, dict):
        fields = {
            name: _any(field, [value[name] for value in objects if name in value], depth + 1)
            for name, field in properties.items()
        }
        needed = required if isinstance(required, list) else []
        return st.fixed_dictionaries(
            {name: field for name, field in fields.items() if name in needed},
            optional={name: field for name, field in fields.items() if name not in needed},
        )
    keys = sorted({key for value in objects for key in value})
    names = [*([st.sampled_from(keys)] * 2 if keys else []), _spelled("ab_. ", 4)]
    values = _any(
        schema.get("additionalProperties", {}), [item for value in objects for item in value.values()], depth + 1
    )
    keyed = st.lists(st.tuples(st.one_of(names), values), max_size=LEAST_ITEMS).map(dict)
    if (
        depth
        and len(objects) >= FEWEST_RECORDS
        and keys
        and all(value.keys() == objects[0].keys() for value in objects)
    ):
        return st.one_of(st.fixed_dictionaries(dict.fromkeys(keys, values)), keyed)
    return keyed
