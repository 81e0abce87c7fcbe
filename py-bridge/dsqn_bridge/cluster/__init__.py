"""Ray's driver: a worker of the bridge that hands pieces of work, and other workers, to the nodes of a Ray cluster (docs/cluster.md)."""
