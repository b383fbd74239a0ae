"""Documentation, and the generator of its reference pages (``python -m docs.reference``)."""
