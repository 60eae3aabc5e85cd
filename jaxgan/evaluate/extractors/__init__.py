"""Extractors: functions from images to features and logits."""
