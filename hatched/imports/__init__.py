"""The bulk importer: `client.events.import_all`, `import_stream` and `plan`."""
