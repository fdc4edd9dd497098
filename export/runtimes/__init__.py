"""Runtimes that a `.tflite` file is run on: LiteRT, LiteRT-Micro, Ethos-U."""
