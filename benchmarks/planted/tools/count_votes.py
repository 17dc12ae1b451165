# %% tool
from typing import Optional


def count_votes(ballots: list[str], threshold: Optional[int] = None) -> Optional[str]:
    """Name the winner of a vote; None where nobody wins.

    Args:
        ballots: one name each; white space around it and capitals do not matter, empty ballots do not count.
        threshold: votes that a winner needs at least, from 1; None for no such rule.

    Returns:
        The name in small letters; a tie for the first place has no winner.

    Raises:
        ValueError: the threshold is below 1.
    """
    if threshold is not None and threshold < 1:
        raise ValueError("the threshold is below 1")
    counts: dict[str, int] = {}
    for ballot in ballots:
        name = ballot.strip().lower()
        if name:
            counts[name] = counts.get(name, 0) + 1
    best = max(counts.values(), default=0)
    winners = [name for name, votes in counts.items() if votes == best]
    if len(winners) != 1:
        return None
    if threshold is not None and best < threshold:
        return None
    return winners[0]
# %% cases
[
    ((["ann", "bob", "ann"],), "ann"),
    ((["Ann", "ANN", "bob", "bob", "ann"],), "ann"),
    (([" ann", "ann ", "bob"],), "ann"),
    ((["", " ", "", "bob"],), "bob"),
    ((["ann", "bob"],), None),
    ((["ann", "bob", "cy", "bob"],), "bob"),
    (([],), None),
    (([""],), None),
    ((["ann"], 1), "ann"),
    ((["ann"], 2), None),
    ((["ann", "ann"], 2), "ann"),
    ((["ann"], None), "ann"),
    ((["ann"], 0), ValueError),
    (([], -1), ValueError),
]
# %% examples
[{"ballots": ["eva", "tom", "eva"]}, {"ballots": ["kim"]}, {"ballots": ["a", "a", "b"], "threshold": 2}, {"ballots": []}]
# %% fresh
{"ballots": many(lambda: pick("", " ") + pick("a", "A", "b", "c", ""), 0, 6), "threshold": pick(None, num(0, 4))}
