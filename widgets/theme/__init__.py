"""How Kanwa looks: colours by name, fonts, icons, and the style of every control."""
