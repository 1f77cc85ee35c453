"""Bytes to values and back: URIs, headers, messages, streams. Rank 0: imports nothing of ours."""
