"""What the answers say: NPS arithmetic. Pure; nothing here reads a clock."""
