"""The outside world: asks the sources within their limits and lands every answer as it came.

How a request is built and an answer read are pure functions in one package per source (`smartcar_v2`); sockets,
pacing, retrying and tokens live in thin shells beside them. Nothing here builds a table: what an answer says beyond
"that was the last page" is read by `transforms`.
"""
