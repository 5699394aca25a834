"""What every cluster gets: operators, secrets, gateway, monitoring, autoscaling."""
