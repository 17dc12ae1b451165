"""Migrations, append-only: a released file in ``versions`` never changes again."""
