"""The resources of the API, one file each. The synchronous ones are generated from them."""
