# %% tool
import re


def hex_to_rgb(color: str) -> list[int]:
    """Read a web colour such as #ff8000 or #f80 into red, green and blue.

    Args:
        color: # and three or six hexadecimal digits, capital or small.

    Returns:
        Three numbers from 0 to 255.

    Raises:
        ValueError: it is no such colour.
    """
    if not re.fullmatch(r"#(?:[0-9A-Fa-f]{3}){1,2}", color):
        raise ValueError(f"{color!r} is no colour")
    digits = color[1:]
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return [int(digits[at : at + 2], 16) for at in (0, 2, 4)]
# %% cases
[
    (("#ff8000",), [255, 128, 0]),
    (("#FF8000",), [255, 128, 0]),
    (("#f80",), [255, 136, 0]),
    (("#000",), [0, 0, 0]),
    (("#0a0B0c",), [10, 11, 12]),
    (("#123",), [17, 34, 51]),
    (("ff8000",), ValueError),
    (("#ff80",), ValueError),
    (("#ff80000",), ValueError),
    (("#gg0000",), ValueError),
    (("",), ValueError),
    (("#",), ValueError),
    (("#fff\n",), ValueError),
]
# %% examples
[{"color": "#336699"}, {"color": "#FFFFFF"}, {"color": "#0f0"}, {"color": "#12"}, {"color": "#000000"}]
# %% fresh
{"color": pick("#", "#", "") + chars("0123456789abcdefABCDEF", 3, 3) + pick("", chars("0123456789abcdefF", 3, 3), "a", chars("0123456789abcdefF", 3, 3) + "\n")}
# %% wrong short: a short digit is followed by 0 instead of itself
#-         digits = "".join(digit * 2 for digit in digits)
#+         digits = "".join(digit + "0" for digit in digits)
# %% wrong newline: a line break at the end is let through
#-     if not re.fullmatch(r"#(?:[0-9A-Fa-f]{3}){1,2}", color):
#+     if not re.match(r"^#(?:[0-9A-Fa-f]{3}){1,2}$", color):
