"""For all tests: what is drawn by chance is the same in every run, so that a failure can be seen again."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
