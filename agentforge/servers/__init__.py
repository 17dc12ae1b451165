"""The client of MCP servers that the settings name."""
