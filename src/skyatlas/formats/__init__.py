"""This room opens files: `read` gives what is inside, `describe` says it; no value is changed."""

from skyatlas.formats.contents import describe
from skyatlas.formats.reading import read

__all__ = ["describe", "read"]
