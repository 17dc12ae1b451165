"""Arguments by position and by name become arguments by name."""

import pytest

from agentforge.registry.binding import bind
from agentforge.registry.contract import parse_signature

SIGNATURE = parse_signature("def pad(text: str, width: int = 8, *, left: bool = False) -> str")


@pytest.mark.parametrize(
    ("positional", "named", "args"),
    [
        ([], {}, {}),
        (["a"], {}, {"text": "a"}),
        (["a", 3], {"left": True}, {"text": "a", "width": 3, "left": True}),
        ([], {"width": 3, "text": "a"}, {"width": 3, "text": "a"}),
        (["a"], {"depth": 1}, {"text": "a", "depth": 1}),  # the schema tells that there is no such parameter
    ],
)
def test_each_argument_gets_the_name_of_its_parameter(positional, named, args):
    assert bind(SIGNATURE, positional, named) == args


@pytest.mark.parametrize(
    ("positional", "named", "complaint"),
    [
        (["a", 3, True], {}, r"pad takes 2 positional arguments, 3 were given: it is pad\(text: str"),
        (["a"], {"text": "b"}, "pad was given 'text' twice"),
    ],
)
def test_what_python_would_not_bind_is_not_bound(positional, named, complaint):
    with pytest.raises(ValueError, match=complaint):
        bind(SIGNATURE, positional, named)
