"""This package turns names into positions: remembered, asked of Sesame and MAST, or offline.

It reaches the network only through the Door that it is handed.
"""

RESOLVERS = {
    "cds.unistra.fr": "Sesame",
    "vizier.cfa.harvard.edu": "Sesame's mirror",
    "mastresolver.stsci.edu": "MAST's resolver",
}
"""Who answers under which host name."""

__all__ = ["RESOLVERS"]
