"""Metrics: functions of features, logits and labels, one idea a file."""
