"""Pictures with what was found in them: boxes, points and masks."""
