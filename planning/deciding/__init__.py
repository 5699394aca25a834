"""Builds the Plan of a stack that passed every rule: one module for each part of the platform."""
