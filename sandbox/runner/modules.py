"""Turns source text into importable modules: ``tool`` and ``toolbox``."""

import linecache
import sys
import types


def load(name, source):
    """Executes ``source`` as the module ``name``; whatever it raises passes through."""
    module = types.ModuleType(name)
    module.__file__ = remember_lines(f"{name}.py", source)
    sys.modules[name] = module
    exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  that is its work
    return module


def remember_lines(filename, source):
    """Lets tracebacks quote a file that is on no disk; returns its name."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return filename


def install_toolbox(sources, asking):
    """Makes ``from toolbox import NAME`` work; each tool is loaded when it is first asked for.

    ``asking`` are functions that are answered elsewhere; a tool's source comes before such a function.
    """
    toolbox = types.ModuleType("toolbox")
    toolbox.__path__ = []
    toolbox.__all__ = sorted({**asking, **sources})
    vars(toolbox).update({name: function for name, function in asking.items() if name not in sources})
    loading = set()

    def find(name):
        if name not in sources:
            known = ", ".join(toolbox.__all__) or "none was sent along"
            raise AttributeError(f"the toolbox has no tool {name!r} (known here: {known})")
        if name in loading:
            raise ImportError(f"the tool {name!r} imports itself through other tools")
        loading.add(name)
        try:
            module = load(f"toolbox.{name}", sources[name])
            function = getattr(module, name)
        finally:
            loading.discard(name)
        setattr(toolbox, name, function)
        return function

    toolbox.__getattr__ = find
    sys.modules["toolbox"] = toolbox


def public_functions(module):
    """Names of the functions that ``module`` itself defines for others."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
