"""The local model: a server environment of its own, weights, and vLLM as a background process.

Enter through :mod:`agentforge.models.local.up` (``up``, ``status``, ``down``).
"""
