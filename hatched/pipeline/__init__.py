"""What a call passes through on its way to the server and back.

    request id → idempotency → call log → retry ( rate limit → your middleware → sender )

What waits is a middleware; what decides is a pure policy beside it. Nothing here knows a socket, a clock
or an event loop: `hatched.io` does.
"""
