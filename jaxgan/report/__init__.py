"""One file that shows a run, or several side by side: no server, no network, under 5 MB."""

from jaxgan.report.write import Refresher, refresh, report, write_report

__all__ = ["Refresher", "refresh", "report", "write_report"]
