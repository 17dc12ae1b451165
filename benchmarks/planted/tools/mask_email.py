# %% tool
def mask_email(address: str) -> str:
    """Hide most of an e-mail address: the first letter of the name and the domain stay.

    Args:
        address: exactly one @, with something on both sides.

    Returns:
        The first letter, three stars, @ and the domain in small letters; a name of one letter is hidden wholly.

    Raises:
        ValueError: it is no such address.
    """
    name, at, domain = address.strip().partition("@")
    if not name or not at or not domain or "@" in domain:
        raise ValueError(f"{address!r} is no address")
    shown = name[0] if len(name) > 1 else ""
    return f"{shown}***@{domain.lower()}"
# %% cases
[
    (("anna.berg@example.org",), "a***@example.org"),
    (("Bo@Example.ORG",), "B***@example.org"),
    (("x@example.org",), "***@example.org"),
    (("  anna@b.de ",), "a***@b.de"),
    (("ÄÖ@ü.de",), "Ä***@ü.de"),
    (("anna",), ValueError),
    (("@example.org",), ValueError),
    (("anna@",), ValueError),
    (("a@b@c",), ValueError),
    (("",), ValueError),
]
# %% examples
[{"address": "maria@firma.de"}, {"address": "Li@Web.COM"}, {"address": "info@example.net"}, {"address": "nobody"}]
# %% fresh
{"address": pick("", " ") + word() + pick("@", "@", "@", "") + pick("Web.de", "x.org", "a@b.c")}
# %% wrong one_letter: a name of one letter is shown
#-     shown = name[0] if len(name) > 1 else ""
#-     return f"{shown}***@{domain.lower()}"
#+     return f"{name[0]}***@{domain.lower()}"
# %% wrong two_ats: a second @ is let through
#-     if not name or not at or not domain or "@" in domain:
#+     if not name or not at or not domain:
# %% wrong error_text: gives a sentence instead of an error
#-         raise ValueError(f"{address!r} is no address")
#+         return "Error: this is no address"
