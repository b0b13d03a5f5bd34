"""What the two sites say: their texts, as data that the loader turns into pages."""
