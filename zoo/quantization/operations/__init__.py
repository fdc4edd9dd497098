"""Rules for `keras.ops`: what a graph holds beside layers, and what layers are taken apart into."""
