"""Sentences about a segmentation."""

from zoo.tasks.words import Words

SEGMENTATION = Words(
    is_a="is a segmentation",
    use="The class of each pixel of an image",
    result="The {numerics} file's mean IoU on {rows} is {value} (95 % interval {interval})",
    less=" points less",
    more=" points more",
    limit="It gives each pixel one of its classes, even where there is none of them.",
    target="mask",
    label="class",
    labels="classes",
    told="mean IoU",
    explained="pixels",
    trivial="the mean mask",
    linear="logistic regression",
    worst="The test images on which the {numerics} file has the lowest IoU.",
    compared="pixels",
)
