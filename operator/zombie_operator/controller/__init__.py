"""The operator's process: settings, kopf's watches, the evaluation loop, its HTTP server and its metrics."""
