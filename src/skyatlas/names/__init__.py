"""This package turns names into positions: remembered, asked of Sesame and MAST, or offline.

It reaches the network only through the Door that it is handed.
"""

from skyatlas.names.resolver import resolve, resolve_one

__all__ = ["resolve", "resolve_one"]
