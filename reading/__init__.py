"""How texts and files become values, within limits: what everything else that reads something shares."""
