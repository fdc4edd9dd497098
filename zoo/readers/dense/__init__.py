"""Images with masks or boxes: folders, annotation files, and scenes that are drawn."""
