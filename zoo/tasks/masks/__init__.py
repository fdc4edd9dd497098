"""Parts of the segmentation task: masks, their losses, figures and words."""
