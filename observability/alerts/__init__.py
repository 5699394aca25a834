"""Alerts, a module for each subject."""
