"""Where node documents come from. Addresses and tokens are passed in; nothing here speaks to the API server."""
