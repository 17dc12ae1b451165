"""Durable work: one port, ``protocol.Jobs``, and its two adapters, ``inline`` and ``durable`` (DBOS)."""
