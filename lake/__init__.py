"""Data at rest: raw landing, state and ledger, tables, quarantine, and the schemas that everyone shares.

What may enter: reading and writing what a run keeps, and the shapes of it. What may not: HTTP, Prefect, the
meaning of a record. This room imports nothing of ours.
"""
