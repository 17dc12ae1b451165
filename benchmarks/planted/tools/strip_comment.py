# %% tool
def strip_comment(line: str) -> str:
    """Remove a comment that begins with # from a line of a settings file, but not inside quotation marks.

    Args:
        line: one line; a # between two " or two ' is text. A quotation mark that is never closed runs to the end.

    Returns:
        The line without its comment and without white space at its end.
    """
    quote = ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#":
            return line[:at].rstrip()
    return line.rstrip()
# %% cases
[
    (("a = 1  # one",), "a = 1"),
    (("a = 1",), "a = 1"),
    (("# all",), ""),
    (("a = '#1' # one",), "a = '#1'"),
    (('a = "#1" # "x"',), 'a = "#1"'),
    (('a = "it\'s # 1" # x',), 'a = "it\'s # 1"'),
    (("a = 'open # x",), "a = 'open # x"),
    (("  b  ",), "  b"),
    (("",), ""),
    (("a='x'#y",), "a='x'"),
    (("''#''",), "''"),
]
# %% examples
[
    {"line": "port = 80  # web"},
    {"line": "color = '#ff0000'"},
    {"line": "name = \"a\"   "},
    {"line": "# nothing else"},
]
# %% fresh
{"line": "".join(many(lambda: pick("a", "=", " ", "#", "'", '"', "1"), 0, 12))}
# %% wrong one_quote: only one kind of quotation marks is known
#-         elif letter in "\"'":
#+         elif letter == "'":
# %% wrong any_close: any quotation mark closes any other
#-             quote = "" if letter == quote else quote
#+             quote = "" if letter in "\"'" else quote
