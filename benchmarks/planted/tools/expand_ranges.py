# %% tool
import re


def expand_ranges(text: str) -> list[int]:
    """Read page numbers as in a print dialog: "1-3,5" means 1, 2, 3 and 5.

    Args:
        text: numbers from 1 to 9999 and rising ranges, separated by commas; spaces do not count.

    Returns:
        The pages in rising order, each once.

    Raises:
        ValueError: the text is malformed, or a range falls.
    """
    pages: set[int] = set()
    for part in text.replace(" ", "").split(","):
        found = re.fullmatch(r"([1-9][0-9]{0,3})(?:-([1-9][0-9]{0,3}))?", part)
        if not found:
            raise ValueError(f"{part!r} is neither a page nor a range")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise ValueError(f"the range {part} falls")
        pages.update(range(first, last + 1))
    return sorted(pages)
# %% cases
[
    (("1-3,5",), [1, 2, 3, 5]),
    (("5,1-3",), [1, 2, 3, 5]),
    (("7",), [7]),
    (("2-4,3-5",), [2, 3, 4, 5]),
    (("3-3",), [3]),
    ((" 1 - 2 , 4 ",), [1, 2, 4]),
    (("9998-9999",), [9998, 9999]),
    (("10,9,100",), [9, 10, 100]),
    (("",), ValueError),
    (("1,,2",), ValueError),
    (("3-1",), ValueError),
    (("0",), ValueError),
    (("10000",), ValueError),
    (("1-",), ValueError),
    (("-1",), ValueError),
    (("a",), ValueError),
    (("1-2-3",), ValueError),
]
# %% examples
[{"text": "1-4"}, {"text": "2,8,11-12"}, {"text": "6"}, {"text": "5-3"}, {"text": "1-3, 7"}]
# %% fresh
{"text": pick(",", ", ").join(many(lambda: pick(str(num(1, 30)), f"{num(1, 9)}-{num(5, 15)}", ""), 1, 4))}
# %% wrong half_open: the last page of a range is missing [plain]
#-         pages.update(range(first, last + 1))
#+         pages.update(range(first, last))
# %% wrong twice: pages that are named twice are printed twice
#-     pages: set[int] = set()
#+     pages: list[int] = []
#~
#-         pages.update(range(first, last + 1))
#+         pages.extend(range(first, last + 1))
# %% wrong as_given: the order is that of the text
#-     return sorted(pages)
#+     return [int(page) for page in sorted(map(str, pages))]
