"""Other people's software as a second opinion."""
