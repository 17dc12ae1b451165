"""Tools carried away: as a program of one file, as an Agent Skill, as an MCP server of their own."""
