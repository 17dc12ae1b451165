"""Secrets and personal data found in a tool and replaced by made-up ones, so that it can be shared and still works."""
