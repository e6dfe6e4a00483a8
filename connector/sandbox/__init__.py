"""Stand-in servers that speak a vendor's dialect over real HTTP, with invented people in them."""
