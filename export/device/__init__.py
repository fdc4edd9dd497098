"""Deployment files that go with a `.tflite` file."""
