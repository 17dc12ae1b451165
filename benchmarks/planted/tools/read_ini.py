# %% tool
def read_ini(text: str) -> dict[str, dict[str, str]]:
    """Read settings in sections: [section] lines, then name = value lines.

    Args:
        text: lines; blank ones and those that begin with ; or # are skipped, white space around
            names and values is removed, and a later value replaces an earlier one.

    Returns:
        Section to name to value; lines before the first section belong to the section "".

    Raises:
        ValueError: a line is neither, with its number.
    """
    settings: dict[str, dict[str, str]] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line[0] in ";#":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1].strip()
            settings.setdefault(section, {})
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"line {number} is neither a section nor a setting")
        settings.setdefault(section, {})[name.strip()] = value.strip()
    return settings
# %% cases
[
    (("[a]\nx = 1\ny=2",), {"a": {"x": "1", "y": "2"}}),
    (("x=1",), {"": {"x": "1"}}),
    (("",), {}),
    (("; c\n# d\n\n",), {}),
    (("[a]",), {"a": {}}),
    (("[a]\nx=1\n[b]\nx=2\n[a]\nz=3",), {"a": {"x": "1", "z": "3"}, "b": {"x": "2"}}),
    (("[a]\nx=1\nx=2",), {"a": {"x": "2"}}),
    (("url = a=b",), {"": {"url": "a=b"}}),
    (("x =",), {"": {"x": ""}}),
    (("  [ a b ]  \n  x  =  1 2  ",), {"a b": {"x": "1 2"}}),
    (("[a]\r\nx=1\r\n",), {"a": {"x": "1"}}),
    (("[a\nx=1",), ValueError),
    (("word",), ValueError),
    (("=1",), ValueError),
    ((" = 1",), ValueError),
]
# %% tests
def test_the_line_is_named():
    with pytest.raises(ValueError) as caught:
        read_ini("[a]\n\nword")
    assert "line 3" in str(caught.value)
# %% examples
[
    {"text": "[web]\nport = 80\nhost = a"},
    {"text": "name = x"},
    {"text": "; nothing\n"},
    {"text": "[a]\nx=1\n[b]\ny=2"},
    {"text": "oops"},
]
# %% fresh
{"text": "\n".join(many(lambda: pick("[a]", "[b]", "x=1", "y = 2", "x = 3", "", "; c", "url=a=b", "oops"), 0, 6))}
# %% wrong reopened: a section that comes again loses what it had
#-             settings.setdefault(section, {})
#+             settings[section] = {}
# %% wrong default: a line that is neither is skipped
#-             raise ValueError(f"line {number} is neither a section nor a setting")
#+             continue
# %% wrong first_wins: an earlier value stays
#-         settings.setdefault(section, {})[name.strip()] = value.strip()
#+         settings.setdefault(section, {}).setdefault(name.strip(), value.strip())
