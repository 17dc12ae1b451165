"""The pages beside tools and queue: sessions, learning, memory, persona, nights, activity and lineage.

Each is a function from a request to a value (a pydantic model) and a template; :mod:`agentforge.web.rooms.doors` makes
the page, the JSON route and the OpenAPI entry from these.
"""
