"""What serves: the namespace of the models, and each model with its route and scaling."""
