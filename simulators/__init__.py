"""Other people's controllers and clouds, as faithful as the lines of their source that decide."""
