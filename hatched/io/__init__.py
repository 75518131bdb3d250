"""The seam between the pipeline and the world. The only room that imports httpx or anyio."""
