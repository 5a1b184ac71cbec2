"""The Debian package: built from the tree and the hash-locked wheels with ``dpkg-deb`` and nothing else."""
