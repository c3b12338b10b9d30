"""Dated rules that people write: places, tariffs, policies, assignments, rates, carbon. From text to typed values.

Nothing here opens a file and nothing prices anything: `flows.rules` reads the folder, `transforms.costs` applies them.
"""
