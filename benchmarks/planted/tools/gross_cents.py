# %% tool
from typing import Literal


def gross_cents(net_cents: int, vat_percent: Literal[0, 7, 19]) -> int:
    """Add value added tax to a net amount; half a cent is rounded away from zero.

    Args:
        net_cents: the net amount in cents, at most a thousand million either way; negative for a credit note.
        vat_percent: the rate.

    Raises:
        ValueError: the amount is too large, or it is no rate.
    """
    if abs(net_cents) > 10**11 or vat_percent not in (0, 7, 19):
        raise ValueError("the amount is too large, or it is no rate")
    tax = (abs(net_cents) * vat_percent + 50) // 100
    return net_cents + tax if net_cents >= 0 else net_cents - tax
# %% cases
[
    ((1000, 19), 1190),
    ((1000, 7), 1070),
    ((1000, 0), 1000),
    ((50, 7), 54),
    ((150, 7), 161),
    ((250, 19), 298),
    ((249, 19), 296),
    ((-50, 7), -54),
    ((-1000, 19), -1190),
    ((-13, 19), -15),
    ((0, 19), 0),
    ((10**11, 19), 119 * 10**9),
    ((-(10**11), 0), -(10**11)),
    ((10**11 + 1, 19), ValueError),
    ((-(10**11) - 1, 19), ValueError),
]
# %% examples
[
    {"net_cents": 10000, "vat_percent": 19},
    {"net_cents": 999, "vat_percent": 7},
    {"net_cents": 1234, "vat_percent": 0},
    {"net_cents": -10000, "vat_percent": 19},
]
# %% fresh
{"net_cents": num(-3000, 3000), "vat_percent": pick(0, 7, 19)}
# %% wrong half_even: half a cent is rounded to the even one
#-     tax = (abs(net_cents) * vat_percent + 50) // 100
#+     tax = round(abs(net_cents) * vat_percent / 100)
# %% wrong truncates: parts of a cent are cut off
#-     tax = (abs(net_cents) * vat_percent + 50) // 100
#+     tax = abs(net_cents) * vat_percent // 100
# %% wrong credit: a credit note is rounded the other way
#-     tax = (abs(net_cents) * vat_percent + 50) // 100
#-     return net_cents + tax if net_cents >= 0 else net_cents - tax
#+     return net_cents + (net_cents * vat_percent + 50) // 100
