"""Zombie Operator: finds, explains and cures zombie process leaks on Kubernetes."""

__version__ = "0.1.0"
