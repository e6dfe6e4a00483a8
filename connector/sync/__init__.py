"""Who may be asked: audiences, addresses, people and the screening of contacts. Pure; nothing here reads a clock."""
