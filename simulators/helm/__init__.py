"""Helm: charts that are installed, their values and their CustomResourceDefinitions."""
