"""This package asks SODA services for pieces of datasets.

Invariant: what is sent is exactly what was asked for, in full precision; what a service cannot do
is said, never left out in silence. Source: IVOA SODA 1.0 (2017).
"""

from skyatlas.protocols.soda.cut import Cut
from skyatlas.protocols.soda.jobs import results_of
from skyatlas.protocols.soda.request import Request, facts_of, request_of, services_of

__all__ = ["Cut", "Request", "facts_of", "request_of", "results_of", "services_of"]
