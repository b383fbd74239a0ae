"""Reads processes: ``parse`` and ``cgroup`` are pure, everything else takes the root it reads from as an argument.

Standard library only: the agent that runs on every node imports this and has 25 MiB. No process is ever changed,
signalled or attached to from here, and no command line or environment is read.
"""
