"""The server around the page and the HTTP API: how it starts and ends, what it lets in, what it tells of itself."""
