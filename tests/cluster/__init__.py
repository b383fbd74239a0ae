"""A real Kubernetes for the tests: API server, etcd, controllers, kubelets and containerd, without Docker.

Nothing here is simulated. The package builds the programs from pinned Go modules, starts them on this machine inside
one network namespace and a cgroup of the cluster's own, and takes all of it away again. It uses the standard library
only, so that it works before the project's own dependencies are installed. Run it as ``python -m tests.cluster``.
"""
