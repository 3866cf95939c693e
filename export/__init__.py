"""What is taken home: scripts, notebooks, reports and tables. No TensorFlow: code is written as text."""
