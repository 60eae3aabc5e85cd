"""One HTML file that shows one run or several side by side: no server, no network, under 5 MB."""

from jaxgan.report.write import Refresher, refresh, report, write_report

__all__ = ["Refresher", "refresh", "report", "write_report"]
