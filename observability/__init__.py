"""What is watched and how it is judged, as plain data: alerts, recording rules, objectives, dashboards.

Pure functions over the Plan, without Pulumi: one source for every place that shows or evaluates them.
"""
