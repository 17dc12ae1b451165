"""``agentforge chat``: the conversation (``conversation``), what is typed (``lines``, ``history``), what is asked
before anything is reached (``asking``), and the words that begin with a slash (``commands``).
"""
