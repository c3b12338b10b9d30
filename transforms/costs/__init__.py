"""What sessions cost and who pays: from sessions and rules to the lines of `session_costs`, exactly.

Amounts are whole numbers until they are rounded once, so nothing depends on the order of sums. Nothing here opens a
file; rules are those of `transforms.rules`.
"""
