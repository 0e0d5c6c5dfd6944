"""What every room shares: errors, translation, instants and days, the clock, the catalogue."""
