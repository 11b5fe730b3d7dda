"""This part turns services' answers into ObsCore tables, and says where each column is from."""

from skyatlas.protocols.mapping.table import obscore_of

__all__ = ["obscore_of"]
