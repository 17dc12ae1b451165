# %% tool
from typing import TypedDict


class Bullet(TypedDict):
    level: int
    text: str


def bullet_tree(text: str) -> list[Bullet]:
    """Read a list of bullets: lines that begin with "- ", two more spaces in front for each level.

    Args:
        text: lines; blank ones are skipped, others without a bullet go on with the bullet before.

    Returns:
        Level from 0 and text of each bullet.

    Raises:
        ValueError: text before the first bullet, an odd number of spaces, or a level is skipped.
    """
    bullets: list[Bullet] = []
    for line in text.split("\n"):
        content = line.strip(" ")
        if not content:
            continue
        if not content.startswith("- "):
            if not bullets:
                raise ValueError("there is text before the first bullet")
            bullets[-1]["text"] += " " + content
            continue
        spaces = len(line) - len(line.lstrip(" "))
        deepest = bullets[-1]["level"] + 1 if bullets else 0
        if spaces % 2 or spaces // 2 > deepest:
            raise ValueError(f"{line!r} stands at no level")
        bullets.append({"level": spaces // 2, "text": content[2:].strip(" ")})
    return bullets
# %% tests
def lines(*rows):
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("text", "bullets"),
    [
        ("- a", [(0, "a")]),
        (lines("- a", "- b"), [(0, "a"), (0, "b")]),
        (lines("- a", "  - b", "    - c", "- d"), [(0, "a"), (1, "b"), (2, "c"), (0, "d")]),
        (lines("- a", "", "more", "   and more"), [(0, "a more and more")]),
        (lines("", "- a  ", "   "), [(0, "a")]),
        (lines("- a", "  - b", "-no bullet"), [(0, "a"), (1, "b -no bullet")]),
        (lines("-   a"), [(0, "a")]),
        ("", []),
    ],
)
def test_bullets_are_read(text, bullets):
    assert bullet_tree(text) == [{"level": level, "text": words} for level, words in bullets]


@pytest.mark.parametrize("text", ["text", "  - a", " - a", "- a\n    - c", "- a\n - b", "- a\n   - b", "x\n- a"])
def test_what_stands_at_no_level_is_refused(text):
    with pytest.raises(ValueError):
        bullet_tree(text)
# %% examples
[
    {"text": "- one\n- two"},
    {"text": "- one\n  - inner\n- two"},
    {"text": "- one\ngoes on"},
    {"text": "no bullet"},
]
# %% fresh
{"text": "\n".join(many(lambda: pick("- a", "- b c", "  - d", "    - e", "", "more", " - odd"), 0, 5))}
# %% wrong jumps: a level may be skipped
#-         if spaces % 2 or spaces // 2 > deepest:
#+         if spaces % 2 or (not bullets and spaces):
# %% wrong drops: lines without a bullet are dropped
#-             if not bullets:
#-                 raise ValueError("there is text before the first bullet")
#-             bullets[-1]["text"] += " " + content
#-             continue
#+             continue
