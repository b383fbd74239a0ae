"""The pure core: values and functions, no input or output, no clock, no logging.

Everything here takes time and facts as arguments, so every decision of the product can be tested as a table. Who may
import whom is checked by import-linter (see ``pyproject.toml``).
"""
