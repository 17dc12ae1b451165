# %% tool
def join_records(left: list[dict], right: list[dict], key: str) -> list[dict]:
    """Complete records by those of another list with the same key, as a spreadsheet's look-up does.

    Args:
        left: the records to complete.
        right: where to look; of several with the same key the first counts.
        key: the name of the field.

    Returns:
        New records in the order of left: its fields, then those that only the other one has. A record
        without the key, or without a partner, stays as it is.
    """
    return [{**_partner(record, right, key), **record} for record in left]


def _partner(record: dict, right: list[dict], key: str) -> dict:
    if key in record:
        for other in right:
            if key in other and type(other[key]) is type(record[key]) and other[key] == record[key]:
                return other
    return {}
# %% cases
[
    (([{"id": 1, "a": 2}], [{"id": 1, "b": 3}], "id"), [{"id": 1, "a": 2, "b": 3}]),
    (([{"id": 1}], [{"id": 2, "b": 3}], "id"), [{"id": 1}]),
    (([{"id": 1, "x": "l"}], [{"id": 1, "x": "r"}], "id"), [{"id": 1, "x": "l"}]),
    (([{"id": 1}], [{"id": 1, "b": 1}, {"id": 1, "b": 2}], "id"), [{"id": 1, "b": 1}]),
    (([{"id": 1}, {"id": 2}, {"id": 1}], [{"id": 1, "b": 1}], "id"), [{"id": 1, "b": 1}, {"id": 2}, {"id": 1, "b": 1}]),
    (([{"n": 1}], [{"b": 3}], "id"), [{"n": 1}]),
    (([{"n": 1}], [{"id": None, "b": 3}], "id"), [{"n": 1}]),
    (([{"id": None}], [{"id": None, "b": 3}], "id"), [{"id": None, "b": 3}]),
    (([{"id": "1"}], [{"id": 1, "b": 3}], "id"), [{"id": "1"}]),
    (([{"id": 1}], [{"id": True, "b": 3}], "id"), [{"id": 1}]),
    (([{"id": 1}], [{"b": 0}, {"id": 1, "b": 3}], "id"), [{"id": 1, "b": 3}]),
    (([], [{"id": 1}], "id"), []),
    (([{"id": 1}], [], "id"), [{"id": 1}]),
]
# %% examples
[
    {"left": [{"sku": "A1", "qty": 2}], "right": [{"sku": "A1", "price": 500}], "key": "sku"},
    {"left": [{"sku": "A1"}, {"sku": "B2"}], "right": [{"sku": "B2", "price": 9}], "key": "sku"},
    {"left": [], "right": [{"sku": "A1"}], "key": "sku"},
    {"left": [{"sku": "A1", "name": "pen"}], "right": [{"sku": "A1", "price": 1}, {"sku": "A2", "price": 2}], "key": "sku"},
]
# %% fresh
{"left": many(lambda: {"id": pick(1, 2, "1", None), **pick({}, {"a": 1}, {"b": 5})}, 0, 3), "right": many(lambda: {"b": num(0, 3), **pick({"id": 1}, {"id": 2}, {"id": None}, {})}, 0, 3), "key": "id"}
# %% wrong last_partner: the last partner counts
#-         for other in right:
#+         for other in reversed(right):
# %% wrong right_wins: the other record's fields replace one's own
#-     return [{**_partner(record, right, key), **record} for record in left]
#+     return [{**record, **_partner(record, right, key)} for record in left]
# %% wrong key_error: a record without the key ends in a KeyError
#-     if key in record:
#-         for other in right:
#-             if key in other and type(other[key]) is type(record[key]) and other[key] == record[key]:
#-                 return other
#-     return {}
#+     wanted = record[key]
#+     return next((other for other in right if other[key] == wanted and type(other[key]) is type(wanted)), {})
# %% wrong only_partners: records without a partner are dropped
#-     return [{**_partner(record, right, key), **record} for record in left]
#+     return [{**_partner(record, right, key), **record} for record in left if _partner(record, right, key)]
# %% wrong mutates: the given records are completed in place
#-     return [{**_partner(record, right, key), **record} for record in left]
#+     for record in left:
#+         for name, value in _partner(record, right, key).items():
#+             record.setdefault(name, value)
#+     return left
