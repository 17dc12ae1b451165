# %% tool
import re


def camel_to_snake(name: str) -> str:
    """Rewrite a name from camelCase to snake_case; runs of capitals are one word (HTTPServer → http_server).

    Args:
        name: ASCII letters and digits, a letter first.

    Raises:
        ValueError: something else stands in it.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name):
        raise ValueError(f"{name!r} is no name in camelCase")
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()
# %% cases
[
    (("camelCase",), "camel_case"),
    (("CamelCase",), "camel_case"),
    (("HTTPServer",), "http_server"),
    (("getHTTPResponseCode",), "get_http_response_code"),
    (("parseURL",), "parse_url"),
    (("version2Name",), "version2_name"),
    (("simple",), "simple"),
    (("X",), "x"),
    (("ABC",), "abc"),
    (("aB",), "a_b"),
    (("snake_case",), ValueError),
    (("2fast",), ValueError),
    (("",), ValueError),
    (("größe",), ValueError),
    (("a b",), ValueError),
]
# %% examples
[{"name": "orderNumber"}, {"name": "OrderNumber"}, {"name": "total"}, {"name": "lineItem2Price"}, {"name": "a-b"}]
# %% fresh
{"name": "".join(many(lambda: pick("get", "URL", "Id", "x", "HTTP", "Name", "2", "Total", "_"), 1, 4))}
# %% wrong each_capital: every capital begins a word
#-     words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
#-     return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()
#+     return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
# %% wrong digits: a digit does not end a word
#-     return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()
#+     return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
