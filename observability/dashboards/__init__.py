"""Grafana's dashboards as plain data over the Plan, and their JSON by Grafana's own SDK (`grafana.py`)."""
