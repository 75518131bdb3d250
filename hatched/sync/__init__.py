"""The synchronous client: generated from the asynchronous one, except for the files with an underscore.

`nox -s sync` writes it, `nox -s sync -- --check` finds what differs.
"""
