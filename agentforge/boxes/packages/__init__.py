"""Packages as a capability: one locked set for a registry, unpacked ahead of time, never at call time."""
