"""One question to every astronomical archive, one honest answer, and files that cannot lie."""

__version__ = "0.1.0.dev0"
