"""Evaluation: features of images, then numbers that carry their whole protocol."""
