"""The canvas: a journey as cards and edges, and the gestures that change it."""
