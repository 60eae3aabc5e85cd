"""One file that shows a run, or several side by side: no server, no network, under 5 MB."""

from jaxgan.report.write import refresh, report, write_report

__all__ = ["refresh", "report", "write_report"]
