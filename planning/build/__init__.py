"""Turns a sound situation into a Plan: one module for each part of the platform."""
