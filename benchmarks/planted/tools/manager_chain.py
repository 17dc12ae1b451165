# %% tool
def manager_chain(managers: dict[str, str], person: str) -> list[str]:
    """List a person's manager, the manager's manager and so on up to the top.

    Args:
        managers: who reports to whom; who is not named there reports to nobody.
        person: a name, perhaps unknown.

    Returns:
        The managers from below; empty for somebody at the top.

    Raises:
        ValueError: somebody reports to themselves, directly or over others.
    """
    chain: list[str] = []
    seen = {person}
    while person in managers:
        person = managers[person]
        if person in seen:
            raise ValueError(f"{person!r} reports to themselves")
        seen.add(person)
        chain.append(person)
    return chain
# %% cases
[
    (({"a": "b", "b": "c"}, "a"), ["b", "c"]),
    (({"a": "b", "b": "c"}, "b"), ["c"]),
    (({"a": "b", "b": "c"}, "c"), []),
    (({"a": "b", "b": "c"}, "x"), []),
    (({}, "a"), []),
    (({"a": "b", "c": "d", "d": "a"}, "a"), ["b"]),
    (({"a": "a"}, "a"), ValueError),
    (({"a": "b", "b": "a"}, "a"), ValueError),
    (({"a": "b", "b": "c", "c": "b"}, "a"), ValueError),
    (({"a": "b", "c": "c"}, "a"), ["b"]),
]
# %% examples
[
    {"managers": {"Kim": "Lee", "Lee": "Pat"}, "person": "Kim"},
    {"managers": {"Kim": "Lee", "Lee": "Pat"}, "person": "Pat"},
    {"managers": {}, "person": "Kim"},
    {"managers": {"Kim": "Lee", "Lee": "Kim"}, "person": "Kim"},
]
# %% fresh
{"managers": {one: pick("a", "b", "c", "d", "e") for one in many(lambda: pick("a", "b", "c", "d"), 0, 4)}, "person": pick("a", "b", "c", "z")}
# %% wrong endless: a circle above the person never ends
#-         if person in seen:
#-             raise ValueError(f"{person!r} reports to themselves")
#-         seen.add(person)
#+         if len(chain) and person in seen:
#+             raise ValueError(f"{person!r} reports to themselves")
# %% wrong two_levels: only two levels
#-     while person in managers:
#+     while person in managers and len(chain) < 2:
# %% wrong unknown: an unknown person ends in a KeyError
#-     while person in managers:
#-         person = managers[person]
#+     top = set(managers.values()) - set(managers)
#+     while person not in top:
#+         person = managers[person]
