"""WHAT: products, holdings, the journal, and the sales and issues that move licenses."""
