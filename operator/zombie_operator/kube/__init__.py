"""The only place that speaks to the API server: transport, reads, and writes of our own kinds.

Changes of foreign objects are not here but in ``engine/via``, which uses the transport of this package.
"""
