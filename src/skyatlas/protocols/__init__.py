"""This room speaks what several archives speak: TAP, SSAP, DataLink, VOTable; each a thin file."""
