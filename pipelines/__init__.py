"""What the pipelines run, one step each: `.venv/bin/python -m pipelines STEP`.

GitHub Actions (`.github/workflows/stack-*.yaml`) and Azure Pipelines (`azure-pipelines/`) run the same steps; a step
finds out by itself where it runs.
"""
