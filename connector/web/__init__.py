"""The two listeners of the service: a private one (health, metrics) and a public one (what the outside may reach)."""
