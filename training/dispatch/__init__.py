"""What the page server and the command line do: the queue, the workers it starts, and what it asks of them."""
