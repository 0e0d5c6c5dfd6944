"""The journey that an editor works on: the model with its signals, its history, and the acts of editing."""
