import pytest
from tool import convert_weight


@pytest.mark.parametrize(
    ("unit", "grams"),
    [
        ("mg", 0.001),
        ("g", 1.0),
        ("kg", 1000.0),
        ("t", 1_000_000.0),
        ("oz", 28.349523125),
        ("lb", 453.59237),
        ("st", 6350.29318),
    ],
)
def test_every_unit_in_grams(unit, grams):
    assert convert_weight(1, unit, "g") == grams


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (1, "lb", "oz", 16.0),
        (1, "st", "lb", 14.0),
        (2.5, "kg", "g", 2500.0),
        (1500, "kg", "t", 1.5),
        (70.5, "kg", "lb", 155.42589484033869),
        (250, "g", "oz", 8.818490487395103),
        (0, "t", "mg", 0.0),
        (-3, "g", "mg", -3000.0),
        (0.1, "oz", "oz", 0.1),
    ],
)
def test_from_one_unit_to_another(value, from_unit, to_unit, expected):
    assert convert_weight(value, from_unit, to_unit) == expected


def test_there_and_back_again():
    assert convert_weight(convert_weight(11.3, "st", "kg"), "kg", "st") == pytest.approx(11.3, rel=1e-15)


@pytest.mark.parametrize("unit", ["", "KG", "pound", "lbs", "m", "ton"])
def test_an_unknown_unit_is_refused_on_either_side(unit):
    with pytest.raises(ValueError):
        convert_weight(1, unit, "g")
    with pytest.raises(ValueError):
        convert_weight(1, "g", unit)


def test_a_result_too_large_for_a_float_is_refused():
    with pytest.raises(OverflowError):
        convert_weight(1e308, "t", "mg")
