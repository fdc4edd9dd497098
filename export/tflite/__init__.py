"""The `.tflite` file format: reading, auditing, editing."""
