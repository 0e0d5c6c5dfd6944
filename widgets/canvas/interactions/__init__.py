"""What the mouse does: one object a gesture, which takes mouse and keys until it ends. Esc leaves it."""
