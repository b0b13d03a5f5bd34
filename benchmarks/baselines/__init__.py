"""Other ways of sending and of taking reports, each in a few lines, as whoever is compared with does it."""
