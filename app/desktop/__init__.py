"""The windows of the desktop."""
