"""Outside witnesses: what the kernel, the API server and the zoo itself say, read without any code of the product.

Nothing below may import ``zombie_operator``: a test that asked the product whether the product works would prove
nothing. Standard library only, because ``deploy/demo`` shows the same evidence to people.
"""
