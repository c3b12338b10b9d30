"""Smartcar's API v2.0: charge records of Tesla, BMW and MINI, and Tesla's bills.

`streams`, `protocol`, `failures` and `auth` are pure: plain values in, plain values out. `client` sends, paces, retries
and lands; `connect` takes an owner through Smartcar Connect.
"""
