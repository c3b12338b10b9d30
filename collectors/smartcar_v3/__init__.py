"""Smartcar's API v3: one signal with the charge records of every make that has them, by poll and by push.

`protocol`, `signals` and `auth` are pure: plain values in, plain values out. `token` keeps the application's one token,
`client` sends, paces, retries and lands; `inventory` takes connections into the registry, `connect` takes an owner
through Smartcar Connect. Of webhooks, `events`, `notices` and `discretion` are pure too; `collectors.webhooks` receives
them.
"""
