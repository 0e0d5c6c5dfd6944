"""Forms made from models: what a field of a pydantic model is, and the editor that fits it.

Editors hold plain JSON data and decide nothing about it: the model says what is wrong, in its own sentences.
"""
