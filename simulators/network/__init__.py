"""Network plugins and security groups: which traffic the rules admit."""
