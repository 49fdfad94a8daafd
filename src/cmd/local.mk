# Programs: options and one call each.
