"""The bulk importer."""
