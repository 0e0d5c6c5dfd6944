"""The kinds of leaves, one file each."""
