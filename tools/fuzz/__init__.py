"""Mutated messages against the codecs."""
