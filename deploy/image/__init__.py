"""Builds the project's container image with whatever this machine offers: a Docker engine, or buildah without one."""
