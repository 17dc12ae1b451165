"""What memory does for a user: flat prompts, past sessions found again, preferences followed, a manner that shows."""
