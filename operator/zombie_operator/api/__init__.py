"""The Kubernetes API of Zombie Operator: its three kinds, from raw objects to core's frozen values and back.

``v1alpha1`` is what the other layers use. ``crd`` is the program that writes ``crds/`` and ``docs/reference/api.md``.
"""
