"""The shortest use of the library: one task, one answer."""

from agentforge import Forge

result = Forge(user="ada").run_sync("How many seconds are 2h 45m?")
print(result.raise_for_status().answer)
