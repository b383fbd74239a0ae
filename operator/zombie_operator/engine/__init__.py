"""The engine: gathers what is known, asks the core what it means, and does it. Shared by the controller and the CLI."""
