# %% tool
from typing import TypedDict


class Version(TypedDict):
    id: str
    revision: int
    note: str


def newest_records(records: list[Version]) -> list[Version]:
    """Keep only the newest revision of each record.

    Args:
        records: in any order; of equal revisions the later in the list counts.

    Returns:
        One for each id, in order of the ids' first appearance.
    """
    newest: dict[str, Version] = {}
    for record in records:
        if record["id"] not in newest or record["revision"] >= newest[record["id"]]["revision"]:
            newest[record["id"]] = record
    return list(newest.values())
# %% tests
def r(*rows):
    return [{"id": id, "revision": revision, "note": note} for id, revision, note in rows]


@pytest.mark.parametrize(
    ("records", "kept"),
    [
        (r(("a", 1, "x"), ("a", 2, "y")), r(("a", 2, "y"))),
        (r(("a", 2, "y"), ("a", 1, "x")), r(("a", 2, "y"))),
        (r(("a", 1, "x"), ("a", 1, "y")), r(("a", 1, "y"))),
        (r(("b", 1, "x"), ("a", 9, "y"), ("b", 2, "z")), r(("b", 2, "z"), ("a", 9, "y"))),
        (r(("a", -2, "x"), ("a", -1, "y"), ("a", -3, "z")), r(("a", -1, "y"))),
        (r(), []),
    ],
)
def test_the_newest_revision_is_kept(records, kept):
    assert newest_records(records) == kept
# %% examples
[
    {"records": [{"id": "a", "revision": 1, "note": "draft"}, {"id": "a", "revision": 2, "note": "final"}]},
    {"records": [{"id": "a", "revision": 1, "note": "x"}, {"id": "b", "revision": 1, "note": "y"}]},
    {"records": []},
    {"records": [{"id": "c", "revision": 3, "note": "only"}]},
]
# %% fresh
{"records": many(lambda: {"id": pick("a", "b", "c"), "revision": num(0, 3), "note": pick("x", "y", "z")}, 0, 6)}
# %% wrong last_one: the last in the list counts, whatever its revision
#-         if record["id"] not in newest or record["revision"] >= newest[record["id"]]["revision"]:
#-             newest[record["id"]] = record
#+         newest[record["id"]] = record
# %% wrong earlier: of equal revisions the earlier counts
#-         if record["id"] not in newest or record["revision"] >= newest[record["id"]]["revision"]:
#+         if record["id"] not in newest or record["revision"] > newest[record["id"]]["revision"]:
# %% wrong by_revision: the order is that of the revisions
#-     return list(newest.values())
#+     return sorted(newest.values(), key=lambda record: record["revision"])
