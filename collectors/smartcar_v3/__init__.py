"""Smartcar's v3: signals by poll, and events that Smartcar sends by itself (webhooks)."""
