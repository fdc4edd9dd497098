"""The study: which trials there are, which point each is, where all that is kept."""
