import pytest
from tool import flatten_json


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": {"b": 1}}, {"a.b": 1}),
        ({"a": 1, "b": "x"}, {"a": 1, "b": "x"}),
        ({"a": [10, 20]}, {"a.0": 10, "a.1": 20}),
        ({"a": [{"b": True}, {"b": None}]}, {"a.0.b": True, "a.1.b": None}),
        ({"a": {"b": {"c": {"d": 2.5}}}}, {"a.b.c.d": 2.5}),
        ({"a": [[1, [2]]]}, {"a.0.0": 1, "a.0.1.0": 2}),
        ({"": {"": 1}}, {".": 1}),
        ({"": {"x": 1}, "y": 2}, {".x": 1, "y": 2}),
    ],
)
def test_every_place_gets_the_name_of_its_path(document, expected):
    assert flatten_json(document) == expected


def test_names_stand_in_document_order():
    document = {"z": {"y": 1, "x": [2, 3]}, "a": 4}
    assert list(flatten_json(document).items()) == [("z.y", 1), ("z.x.0", 2), ("z.x.1", 3), ("a", 4)]


@pytest.mark.parametrize(
    ("document", "expected"), [({"a": {}, "b": []}, {"a": {}, "b": []}), ({"a": [[], 1]}, {"a.0": [], "a.1": 1})]
)
def test_empty_objects_and_lists_stay_as_values(document, expected):
    assert flatten_json(document) == expected


def test_an_empty_object_stays_empty():
    assert flatten_json({}) == {}


@pytest.mark.parametrize(
    ("separator", "expected"),
    [("/", {"a/b": 1, "a/c/0": 2}), ("__", {"a__b": 1, "a__c__0": 2}), (".", {"a.b": 1, "a.c.0": 2})],
)
def test_another_separator(separator, expected):
    assert flatten_json({"a": {"b": 1, "c": [2]}}, separator) == expected


def test_a_key_may_hold_the_separator_where_nothing_collides():
    assert flatten_json({"a.b": 1, "a": {"c": 2}}) == {"a.b": 1, "a.c": 2}


@pytest.mark.parametrize("document", [{"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}, "a.b": 1}, {"a": {"0": {}}, "a.0": 1}])
def test_two_places_of_one_name_are_refused(document):
    with pytest.raises(ValueError):
        flatten_json(document)


def test_an_empty_separator_is_refused():
    with pytest.raises(ValueError):
        flatten_json({"a": 1}, "")
