"""Sentences about boxes."""

from dataclasses import replace

from zoo.tasks.words import Words

BOXES = Words(
    is_a="is a detection of objects",
    use="Objects in an image: their classes and boxes",
    result="The {numerics} file's AP50-95 on {rows} is {value} (95 % interval {interval})",
    less=" points less",
    more=" points more",
    limit="It knows the classes that it was trained on; of others it may find none, or take them "
    "for one of these.",
    target="boxes",
    label="class",
    labels="classes",
    told="AP",
    explained="variance",
    trivial="the mean box",
    linear="logistic regression",
    worst="The test images with the most boxes that the {numerics} file missed or found in vain.",
    compared="objects found",
)
POINTS = replace(
    BOXES,
    is_a="is a detection of centers",
    use="Objects in an image: their classes and centers",
    result="The {numerics} file's centroid F1 on {rows} is {value} (95 % interval {interval})",
    told="F1",
    trivial="the mean place",
    worst="The test images with the most objects that the {numerics} file missed or found in vain.",
)
