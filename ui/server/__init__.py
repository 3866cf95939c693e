"""What the server does beside its pages: starting and ending, routes for hosts, headers."""
