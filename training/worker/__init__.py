"""What a worker process does. The only folder that imports TensorFlow and Keras."""
