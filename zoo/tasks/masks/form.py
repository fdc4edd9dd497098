"""The form of masks: uint8 class numbers, (rows, height, width); one stands for ignored pixels."""

IGNORED = 255  # the class of a pixel that does not count
