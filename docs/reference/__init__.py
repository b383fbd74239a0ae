"""The reference pages that are generated from the code; one module that writes them all."""
