"""The node's half: scans, diagnoses, and answers HTTP. It knows no Kubernetes API and changes nothing on the node."""
