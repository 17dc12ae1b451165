# %% tool
def euro_text(cents: int) -> str:
    """Write an amount as German invoices do: 1.234,50 €, with a minus sign in front.

    Args:
        cents: within a million million either way.

    Raises:
        ValueError: the amount is too large.
    """
    if abs(cents) > 10**12:
        raise ValueError("the amount is too large")
    euros, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{euros:,}".replace(",", ".") + f",{rest:02d} €"
# %% cases
[
    ((123450,), "1.234,50 €"),
    ((5,), "0,05 €"),
    ((0,), "0,00 €"),
    ((-5,), "-0,05 €"),
    ((-123456789,), "-1.234.567,89 €"),
    ((99999,), "999,99 €"),
    ((100000,), "1.000,00 €"),
    ((10**12,), "10.000.000.000,00 €"),
    ((-(10**12),), "-10.000.000.000,00 €"),
    ((10**12 + 1,), ValueError),
    ((-(10**12) - 1,), ValueError),
]
# %% examples
[{"cents": 1999}, {"cents": 250000}, {"cents": 7}, {"cents": -4999}, {"cents": 10**13}]
# %% fresh
{"cents": pick(num(-200000, 200000), num(-10**9, 10**9), num(-99, 99))}
# %% wrong debt: negative amounts are split wrongly
#-     euros, rest = divmod(abs(cents), 100)
#-     sign = "-" if cents < 0 else ""
#-     return f"{sign}{euros:,}".replace(",", ".") + f",{rest:02d} €"
#+     return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d} €"
# %% wrong one_dot: only thousands are set apart
#-     return f"{sign}{euros:,}".replace(",", ".") + f",{rest:02d} €"
#+     grouped = f"{euros // 1000}.{euros % 1000:03d}" if euros >= 1000 else str(euros)
#+     return f"{sign}{grouped},{rest:02d} €"
# %% wrong prints: prints the text instead of returning it [plain]
#-     return f"{sign}{euros:,}".replace(",", ".") + f",{rest:02d} €"
#+     print(f"{sign}{euros:,}".replace(",", ".") + f",{rest:02d} €")
