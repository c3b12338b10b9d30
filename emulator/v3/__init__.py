"""v3 as Smartcar's API reference has it in §8: application tokens, connections, and signals read from a store."""
