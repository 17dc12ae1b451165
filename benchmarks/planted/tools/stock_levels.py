# %% tool
from typing import Literal, TypedDict


class Move(TypedDict):
    item: str
    kind: Literal["in", "out", "count"]
    quantity: int


def stock_levels(moves: list[Move]) -> dict[str, int]:
    """Follow a stock through its moves: what comes in, what goes out, and counts that set it anew.

    Args:
        moves: in order of time; quantities from 0 to a thousand million.

    Returns:
        The stock of each item that occurs, in order of first appearance.

    Raises:
        ValueError: a quantity is out of range, a kind unknown, or more goes out than there is.
    """
    stock: dict[str, int] = {}
    for move in moves:
        item, quantity = move["item"], move["quantity"]
        if not 0 <= quantity <= 10**9 or move["kind"] not in ("in", "out", "count"):
            raise ValueError(f"a move of {item!r} is not valid")
        before = stock.get(item, 0)
        stock[item] = {"in": before + quantity, "out": before - quantity, "count": quantity}[move["kind"]]
        if stock[item] < 0:
            raise ValueError(f"more of {item!r} goes out than there is")
    return stock
# %% tests
def m(*rows):
    return [{"item": item, "kind": kind, "quantity": quantity} for item, kind, quantity in rows]


@pytest.mark.parametrize(
    ("moves", "stock"),
    [
        (m(("a", "in", 5), ("a", "out", 2)), {"a": 3}),
        (m(("a", "in", 5), ("a", "out", 5)), {"a": 0}),
        (m(("a", "in", 5), ("b", "in", 1), ("a", "in", 2)), {"a": 7, "b": 1}),
        (m(("a", "in", 5), ("a", "count", 2), ("a", "in", 1)), {"a": 3}),
        (m(("a", "count", 4)), {"a": 4}),
        (m(("a", "out", 0)), {"a": 0}),
        (m(("a", "in", 10**9)), {"a": 10**9}),
        (m(), {}),
    ],
)
def test_moves_are_followed(moves, stock):
    assert stock_levels(moves) == stock


def test_items_stand_in_order_of_first_appearance():
    assert list(stock_levels(m(("z", "in", 1), ("a", "in", 1), ("z", "in", 1)))) == ["z", "a"]


@pytest.mark.parametrize(
    "moves",
    [m(("a", "out", 1)), m(("a", "in", 2), ("a", "out", 3)), m(("a", "in", -1)), m(("a", "in", 10**9 + 1)), m(("a", "count", -1)),
     m(("b", "in", 5), ("a", "out", 1))],
)
def test_what_cannot_be_is_refused(moves):
    with pytest.raises(ValueError):
        stock_levels(moves)
# %% examples
[
    {"moves": [{"item": "bolt", "kind": "in", "quantity": 100}, {"item": "bolt", "kind": "out", "quantity": 30}]},
    {"moves": [{"item": "bolt", "kind": "in", "quantity": 10}, {"item": "nut", "kind": "in", "quantity": 4}]},
    {"moves": []},
    {"moves": [{"item": "bolt", "kind": "in", "quantity": 10}, {"item": "bolt", "kind": "out", "quantity": 11}]},
]
# %% fresh
{"moves": many(lambda: {"item": pick("a", "b"), "kind": pick("in", "in", "out", "count"), "quantity": num(0, 9)}, 0, 6)}
# %% wrong count_adds: a count is added like what comes in
#-         stock[item] = {"in": before + quantity, "out": before - quantity, "count": quantity}[move["kind"]]
#+         stock[item] = before - quantity if move["kind"] == "out" else before + quantity
# %% wrong zero_floor: more may go out than there is
#-         if stock[item] < 0:
#-             raise ValueError(f"more of {item!r} goes out than there is")
#+         stock[item] = max(0, stock[item])
# %% wrong at_end: only the stock at the end is looked at
#-         if stock[item] < 0:
#-             raise ValueError(f"more of {item!r} goes out than there is")
#-     return stock
#+     if any(left < 0 for left in stock.values()):
#+         raise ValueError("more goes out than there is")
#+     return stock
