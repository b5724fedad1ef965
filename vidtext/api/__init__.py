"""The tasks over HTTP, described by OpenAPI."""
