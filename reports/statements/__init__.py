"""Statements: what a driver charged and is owed in a local month, with the evidence for each figure."""
