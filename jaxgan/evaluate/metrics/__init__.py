"""Metrics: functions of features, logits and labels, one idea per file."""
