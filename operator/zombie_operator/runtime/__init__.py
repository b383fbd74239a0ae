"""What the three programs share and no decision depends on: settings from the environment, logs as JSON lines."""
