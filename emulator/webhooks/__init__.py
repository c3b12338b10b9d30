"""Webhooks as Smartcar's API reference has them in §9: who is told, of what, how often, and what goes wrong."""
