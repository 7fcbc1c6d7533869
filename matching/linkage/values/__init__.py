"""What single values mean: names' characters, numbers, dates, places, hospitals, illnesses."""
