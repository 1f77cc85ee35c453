"""Authentication centre."""
