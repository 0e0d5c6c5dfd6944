"""The journey document over NetworkX: the model, its file, its checks, and the words it is said in."""
