"""Property tests draw the same examples everywhere, without a deadline, and leave no files behind."""

from hypothesis import settings

settings.register_profile("repository", deadline=None, derandomize=True, database=None)
settings.load_profile("repository")
