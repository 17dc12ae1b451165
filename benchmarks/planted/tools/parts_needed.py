# %% tool
def parts_needed(recipes: dict[str, dict[str, int]], product: str, count: int) -> dict[str, int]:
    """Count the basic parts that some pieces of a product are made of, over all steps of assembly.

    Args:
        recipes: for each product how many of which parts one piece takes; a part without a recipe is basic.
        product: what is made; a basic part needs itself.
        count: how many pieces, 0 to 1000.

    Returns:
        Basic parts by name in alphabetical order; parts of which none is needed are left out.

    Raises:
        ValueError: count or an amount is out of range (0 to 1000), a product contains itself, or there
            are more than 20 steps.
    """
    if not 0 <= count <= 1000:
        raise ValueError("count must be from 0 to 1000")
    needed = _parts(recipes, product, [])
    return {part: needed[part] * count for part in sorted(needed) if needed[part] * count}


def _parts(recipes: dict[str, dict[str, int]], product: str, above: list[str]) -> dict[str, int]:
    if product in above or len(above) > 20:
        raise ValueError(f"{product!r} contains itself or has too many steps")
    if product not in recipes:
        return {product: 1}
    needed: dict[str, int] = {}
    for part, amount in recipes[product].items():
        if not 0 <= amount <= 1000:
            raise ValueError(f"an amount of {part!r} is out of range")
        for basic, each in _parts(recipes, part, [*above, product]).items():
            needed[basic] = needed.get(basic, 0) + each * amount
    return needed
# %% cases
[
    (({"bike": {"wheel": 2, "frame": 1}}, "bike", 3), {"frame": 3, "wheel": 6}),
    (({"bike": {"wheel": 2}, "wheel": {"spoke": 20, "rim": 1}}, "bike", 1), {"rim": 2, "spoke": 40}),
    (({"a": {"b": 1, "x": 2}, "b": {"x": 3}}, "a", 2), {"x": 10}),
    (({"a": {"b": 2, "c": 2}, "b": {"x": 1}, "c": {"x": 1, "y": 0}}, "a", 1), {"x": 4}),
    (({"a": {"x": 0}}, "a", 5), {}),
    (({"a": {}}, "a", 5), {}),
    (({}, "screw", 7), {"screw": 7}),
    (({"a": {"x": 1}}, "a", 0), {}),
    (({"a": {"x": 1000}}, "a", 1000), {"x": 1000000}),
    (({"a": {"a": 1}}, "a", 1), ValueError),
    (({"a": {"b": 1}, "b": {"a": 1}}, "a", 1), ValueError),
    (({"a": {"x": -1}}, "a", 1), ValueError),
    (({"a": {"x": 1001}}, "a", 1), ValueError),
    (({"a": {"x": 1}}, "a", -1), ValueError),
    (({"a": {"x": 1}}, "a", 1001), ValueError),
    (({"a": {"x": 1}, "b": {"b": 1}}, "a", 1), {"x": 1}),
]
# %% tests
def chain(steps):
    return {f"p{at}": {f"p{at + 1}": 1} for at in range(steps)}


def test_twenty_steps_are_allowed_and_no_more():
    assert parts_needed(chain(20), "p0", 1) == {"p20": 1}
    with pytest.raises(ValueError):
        parts_needed(chain(21), "p0", 1)


def test_parts_stand_in_alphabetical_order():
    assert list(parts_needed({"a": {"z": 1, "b": 1}}, "a", 1)) == ["b", "z"]
# %% examples
[
    {"recipes": {"table": {"leg": 4, "top": 1}}, "product": "table", "count": 2},
    {"recipes": {"desk": {"leg": 4, "drawer": 2}, "drawer": {"knob": 1, "box": 1}}, "product": "desk", "count": 1},
    {"recipes": {}, "product": "leg", "count": 3},
    {"recipes": {"loop": {"loop": 1}}, "product": "loop", "count": 1},
]
# %% fresh
{"recipes": {"a": {pick("b", "x"): num(0, 3), pick("c", "y"): num(1, 3)}, "b": {pick("x", "c"): num(1, 4)}, "c": {"x": num(0, 2), "y": 1}}, "product": pick("a", "b", "c", "x"), "count": num(-1, 4)}
# %% wrong one_step: only one step is followed
#-         for basic, each in _parts(recipes, part, [*above, product]).items():
#-             needed[basic] = needed.get(basic, 0) + each * amount
#+         needed[part] = needed.get(part, 0) + amount
# %% wrong no_sum: a part that is used twice counts once
#-             needed[basic] = needed.get(basic, 0) + each * amount
#+             needed[basic] = each * amount
# %% wrong shared: a part used in two places counts as containing itself
#- def _parts(recipes: dict[str, dict[str, int]], product: str, above: list[str]) -> dict[str, int]:
#-     if product in above or len(above) > 20:
#+ def _parts(recipes: dict[str, dict[str, int]], product: str, above: list[str]) -> dict[str, int]:
#+     if product in above and product in recipes or len(above) > 20:
#~
#-         for basic, each in _parts(recipes, part, [*above, product]).items():
#+         above.append(product)
#+         for basic, each in _parts(recipes, part, above).items():
