"""The benchmark of learning: a stream of tasks in sessions is played to an agent and to its rivals.

``stream`` reads tasks, ``judge`` says what is right, ``plain`` holds the arms that keep nothing or only
questions, ``kept`` those that keep a home; ``rows`` keeps what was measured, ``figures`` sums it up.
"""
