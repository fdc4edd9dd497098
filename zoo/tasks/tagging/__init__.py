"""Parts of the multi-label task: columns of tags, and the table of labels."""
