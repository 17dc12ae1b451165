"""The MCP server: one user's live tools for any other agent, with searching, forging and feedback."""
