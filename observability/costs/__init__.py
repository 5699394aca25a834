"""Costs: what nodes cost an hour, whose it is, what is idle, and what was planned, as recorded series and alerts.

Every figure is a price of the Plan times what kube-state-metrics, the GPU exporter, vLLM and the gateway report.
"""
