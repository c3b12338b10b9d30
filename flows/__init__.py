"""What runs and when: settings, the command line, Prefect flows, and the functions they are a thin shell over.

What may enter: putting the other rooms together. What may not: HTTP, the meaning of a record, the shape of a table.
Only `flows.prefect_flows` imports Prefect, and only when a flow starts.
"""
