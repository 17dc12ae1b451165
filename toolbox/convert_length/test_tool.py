import pytest
from tool import convert_length


@pytest.mark.parametrize(
    ("unit", "metres"),
    [
        ("mm", 0.001),
        ("cm", 0.01),
        ("m", 1.0),
        ("km", 1000.0),
        ("in", 0.0254),
        ("ft", 0.3048),
        ("yd", 0.9144),
        ("mi", 1609.344),
        ("nmi", 1852.0),
    ],
)
def test_every_unit_in_metres(unit, metres):
    assert convert_length(1, unit, "m") == metres


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (1, "ft", "in", 12.0),
        (1, "mi", "km", 1.609344),
        (26.5, "cm", "mm", 265.0),
        (3, "ft", "yd", 1.0),
        (5280, "ft", "mi", 1.0),
        (10, "in", "cm", 25.4),
        (100, "km", "nmi", 53.99568034557235),
        (42.195, "km", "mi", 26.218757456454306),
        (0, "m", "ft", 0.0),
        (-2, "m", "cm", -200.0),
        (0.1, "m", "m", 0.1),
    ],
)
def test_from_one_unit_to_another(value, from_unit, to_unit, expected):
    assert convert_length(value, from_unit, to_unit) == expected


def test_there_and_back_again():
    assert convert_length(convert_length(7.25, "mi", "m"), "m", "mi") == pytest.approx(7.25, rel=1e-15)


@pytest.mark.parametrize("unit", ["", "M", "meter", "feet", "kg", "um"])
def test_an_unknown_unit_is_refused_on_either_side(unit):
    with pytest.raises(ValueError):
        convert_length(1, unit, "m")
    with pytest.raises(ValueError):
        convert_length(1, "m", unit)


def test_a_result_too_large_for_a_float_is_refused():
    with pytest.raises(OverflowError):
        convert_length(1e308, "km", "mm")
