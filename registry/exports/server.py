

LONGEST = 4000


def described(name):
    """A tool as the protocol tells of it; a result that is no object stands under the key result."""
    from mcp_types import Tool

    tool = TOOLS[name]
    returns = tool["returns"]
    if returns.get("type") != "object":
        returns = {"type": "object", "properties": {"result": returns}, "required": ["result"]}
    told = f"{tool['summary']}\n\n{FUNCTIONS[name].__doc__ or ''}".strip()
    return Tool(name=name, description=told[:LONGEST], input_schema=tool["parameters"], output_schema=returns)


def answer(name, args):
    """What a call gives, or in words why it failed."""
    from mcp_types import CallToolResult, TextContent

    def failed(why):
        return CallToolResult(content=[TextContent(type="text", text=why)], is_error=True)

    if name not in ENTRIES:
        return failed(f"There is no tool named {name[:80]!r}.")
    if problems := misfits(args, TOOLS[name]["parameters"]):
        return failed(f"{'; '.join(problems)}. It is called as {name}{TOOLS[name]['signature']}.")
    try:
        value = call(name, args)
    except (Exception, SystemExit) as error:
        return failed(failure(error))
    if problems := misfits(value, TOOLS[name]["returns"]):
        return failed(f"What {name} returned is not of its declared type: {problems[0]}.")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    structured = value if TOOLS[name]["returns"].get("type") == "object" else {"result": value}
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)


async def serve():
    """Answers over stdin and stdout until they close."""
    import anyio.to_thread
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server
    from mcp_types import ListToolsResult

    tools = [described(name) for name in ENTRIES]

    async def list_tools(ctx, params):
        return ListToolsResult(tools=tools)

    async def call_tool(ctx, params):
        return await anyio.to_thread.run_sync(answer, params.name, params.arguments or {})

    server = Server(TITLE, on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def main(words):
    """Serves until stdin closes; with --test the tests are run instead."""
    if words == ["--test"]:
        return run_tests()
    if words:
        print(f"usage: python {os.path.basename(__file__)} [--test]\n\nSpeaks MCP over stdin and stdout.", file=sys.stderr)
        return 0 if words in (["-h"], ["--help"]) else 2
    try:
        import anyio
        import mcp  # noqa: F401
    except ImportError:
        print("This server needs the package mcp: 'uv run' brings it, or pip install 'mcp>=2.3,<3'.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # else Ctrl-C waits for one more line of stdin
    anyio.run(serve)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

globals().update(FUNCTIONS)  # for whoever imports this file, whatever else here has the name of a tool
