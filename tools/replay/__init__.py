"""A recorded life lived again: the unmodified terminal, fed from a file in virtual time."""
