"""``zombies``, also installed as ``kubectl zombies``: for people at a terminal and for scripts."""
