# %% tool
import re
from typing import Optional, TypedDict


class Entry(TypedDict):
    time: str
    level: str
    source: Optional[str]
    message: str


def parse_log_line(line: str) -> Optional[Entry]:
    """Take a log line apart: "2024-05-01 12:00:00 WARN [db] too slow".

    Args:
        line: date, time, level in capitals, an optional source in brackets, and the message.

    Returns:
        Its parts (time as 2024-05-01T12:00:00, source None where there is none), or None for another line.
    """
    found = re.fullmatch(
        r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (DEBUG|INFO|WARN|ERROR) (?:\[([^\]]+)\] )?(.+)", line.strip(), re.ASCII
    )
    if not found:
        return None
    return {"time": f"{found[1]}T{found[2]}", "level": found[3], "source": found[4], "message": found[5]}
# %% tests
def entry(level, source, message):
    return {"time": "2024-05-01T12:00:00", "level": level, "source": source, "message": message}


@pytest.mark.parametrize(
    ("rest", "parts"),
    [
        ("WARN [db] too slow", ("WARN", "db", "too slow")),
        ("INFO started", ("INFO", None, "started")),
        ("ERROR [a b] x [y] z", ("ERROR", "a b", "x [y] z")),
        ("DEBUG [] x", ("DEBUG", None, "[] x")),
        ("DEBUG [a]x", ("DEBUG", None, "[a]x")),
        ("INFO x\n", ("INFO", None, "x")),
    ],
)
def test_a_line_is_taken_apart(rest, parts):
    assert parse_log_line(f"2024-05-01 12:00:00 {rest}") == entry(*parts)


@pytest.mark.parametrize(
    "line",
    ["", "hello", "2024-05-01 12:00:00 TRACE x", "2024-05-01 12:00:00 INFO", "2024-05-01 12:00 INFO x", "24-05-01 12:00:00 INFO x",
     "2024-05-01 12:00:00 info x", "x 2024-05-01 12:00:00 INFO x", "2024-05-01T12:00:00 INFO x"],
)
def test_another_line_gives_nothing(line):
    assert parse_log_line(line) is None
# %% examples
[
    {"line": "2024-03-09 08:15:42 ERROR [mail] could not send"},
    {"line": "2024-03-09 08:15:42 INFO ready"},
    {"line": "Traceback (most recent call last):"},
    {"line": "2024-03-09 08:15:43 WARN [disk] 91 % full"},
]
# %% fresh
{"line": pick("2024-03-09 08:15:42 ", "2024-03-09 08:15 ", "  2024-03-09 08:15:42 ") + pick("INFO", "WARN", "ERROR", "DEBUG", "TRACE") + pick("", " [db]", " [x y]", " []") + pick(" ok", " a [b] c", "")}
# %% wrong greedy: the source goes up to the last bracket
#-         r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (DEBUG|INFO|WARN|ERROR) (?:\[([^\]]+)\] )?(.+)", line.strip(), re.ASCII
#+         r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (DEBUG|INFO|WARN|ERROR) (?:\[(.+)\] )?(.+)", line.strip(), re.ASCII
# %% wrong no_debug: one level is forgotten
#-         r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (DEBUG|INFO|WARN|ERROR) (?:\[([^\]]+)\] )?(.+)", line.strip(), re.ASCII
#+         r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (INFO|WARN|ERROR) (?:\[([^\]]+)\] )?(.+)", line.strip(), re.ASCII
