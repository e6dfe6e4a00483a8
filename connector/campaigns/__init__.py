"""When and how many are asked: caps and sampling. Pure; nothing here reads a clock."""
