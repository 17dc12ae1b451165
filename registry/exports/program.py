

def usage():
    own = os.path.basename(__file__)
    lines = [f"usage: python {own} {'' if len(ENTRIES) == 1 else 'TOOL '}[NAME=VALUE]... | --args JSON|- | --test", ""]
    for name in ENTRIES:
        lines.append(f"{name}{TOOLS[name]['signature']}")
        lines.append(f"    {TOOLS[name]['summary']}")
    lines += ["", "Texts are taken as they stand, other values are read as JSON; @FILE stands for what a file holds,"]
    lines += ["and for a list it may also hold an item on each line. --test runs the tests, which needs pytest."]
    return "\n".join(lines)


def main(words):
    """Runs one tool from words of a command line: 0 done, 1 the tool failed, 2 it was called wrongly, 130 it was
    interrupted.
    """
    if words[:1] in (["-h"], ["--help"]):
        print(usage())
        return 0
    if words == ["--test"]:
        return run_tests()
    name = ENTRIES[0]
    if len(ENTRIES) > 1:
        name, words = (words[0], words[1:]) if words else ("", [])
        if name not in ENTRIES:
            print(f"{name or 'Nothing'} is no tool of this program.\n\n{usage()}", file=sys.stderr)
            return 2
    try:
        args = arguments(words, TOOLS[name]["parameters"])
        problems = misfits(args, TOOLS[name]["parameters"])
    except (OSError, ValueError, RecursionError) as error:
        problems = [str(error)]
    if problems:
        print(f"{'; '.join(problems)}. It is called as {name}{TOOLS[name]['signature']}.", file=sys.stderr)
        return 2
    try:
        value = call(name, args)
    except KeyboardInterrupt:
        return 130
    except (Exception, SystemExit) as error:
        print(failure(error), file=sys.stderr)
        return 1
    print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return 0


def arguments(words, parameters):
    """The arguments that words give, as one JSON object or as NAME=VALUE."""
    if words[:1] == ["--args"]:
        if len(words) != 2:
            raise ValueError("--args takes one JSON object, or - for stdin")
        args = json.loads(sys.stdin.read() if words[1] == "-" else words[1])
        if not isinstance(args, dict):
            raise ValueError("--args takes a JSON object")
        return args
    args = {}
    for word in words:
        key, mark, text = word.partition("=")
        if not mark:
            raise ValueError(f"{word[:80]!r} is no argument: write NAME=VALUE")
        of_file = text.startswith("@")
        if of_file:
            with open(text[1:], encoding="utf-8") as file:
                text = file.read()
        args[key] = read(text, parameters["properties"].get(key, {}), of_file)
    return args


def read(text, schema, of_file):
    """A text where the parameter takes no other, else the first that fits: the JSON value that it says, the lines of
    a file, the text.
    """
    if schema.get("type") == "string" or "enum" in schema:
        return text
    readings = [text.splitlines(), text] if of_file and schema.get("type") == "array" else [text]
    try:
        readings.insert(0, json.loads(text))
    except ValueError:
        pass
    return next((one for one in readings if not misfits(one, schema)), readings[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

globals().update(FUNCTIONS)  # for whoever imports this file, whatever else here has the name of a tool
