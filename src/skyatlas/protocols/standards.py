"""This file knows the identifiers under which services register: SIA 2 goes by SIA 1's name.

Invariant: what is no protocol that we speak is None, never a guess. Sources: RegTAP 1.1 (all
identifiers in lower case); SIA 2.0 section 4.3; DataLink 1.1; SODA 1.0; IVOA Note "Discovering
Data Collections Within Services" 1.1 for auxiliary ones, which lead to somebody else's service.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

__all__ = ["TYPES", "among", "protocol_of"]

TYPES = ("sia2", "sia", "ssa", "scs", "tap", "datalink", "soda")
"""What services can be looked for, newest protocol for a kind of data first."""

_ROOT = "ivo://ivoa.net/std/"
_OWN = {
    "sia2": ("sia#query-2*", "sia2*"),
    "sia": ("sia", "sia#query-1*"),
    "ssa": ("ssa", "ssa#query-1*"),
    "scs": ("conesearch", "conesearch#query-1*"),
    "tap": ("tap",),
    "datalink": ("datalink", "datalink#links*"),
    "soda": ("soda#sync*", "soda#async*"),
}
"""Protocol → patterns behind the root; `tap#sync` and such name endpoints, not the service."""
_AUXILIARY = {
    "sia2": ("sia#query-aux-2*",),
    "sia": ("sia#aux*", "sia#query-aux-1*"),
    "ssa": ("ssa#aux*", "ssa#query-aux*"),
    "scs": ("conesearch#aux*", "conesearch#query-aux*"),
    "tap": ("tap#aux*",),
}


def protocol_of(standard_id: str, version: str = "") -> tuple[str, bool] | None:
    """The protocol, and whether the capability is auxiliary; None for any other standard.

    `version` is the interface's std_version: some register SIA 2 under the bare name of SIA.
    """
    name = standard_id.strip().lower()
    if not name.startswith(_ROOT):
        return None
    name = name.removeprefix(_ROOT)
    if name == "sia" and version.strip().startswith("2"):
        return "sia2", False
    for auxiliary, listed in ((False, _OWN), (True, _AUXILIARY)):
        for protocol, patterns in listed.items():
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                return protocol, auxiliary
    return None


def among(protocols: tuple[str, ...], column: str, *, auxiliary: bool) -> str:
    """ADQL: the identifier in this column is of one of these; `auxiliary` ones too, or not."""
    patterns = [
        pattern
        for protocol in protocols
        for pattern in (*_OWN[protocol], *(_AUXILIARY.get(protocol, ()) if auxiliary else ()))
    ]
    if "sia2" in protocols:
        patterns.append("sia")  # which of them is version 2 shows when the answer is read
    tests = [
        f"{column} LIKE '{_ROOT}{pattern.replace('*', '%')}'"
        if "*" in pattern
        else f"{column} = '{_ROOT}{pattern}'"
        for pattern in dict.fromkeys(patterns)
    ]
    return f"({' OR '.join(tests)})"
