"""What is trained, described as data: techniques, architectures and the plan that becomes a Keras model."""
