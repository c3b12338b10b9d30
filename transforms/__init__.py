"""Pure functions from landed answers to tables: decoding, identity, revisions, completeness.

Nothing here opens a file or a socket or reads a clock, and of our own code only `lake.schemas` (and the type
`lake.raw.Answer`) may be imported: every table is a pure function of what has landed.
"""
