"""Objectives: what is counted for each, over which windows, and the alerts on budgets that burn too fast."""
