"""The real server, started as a person starts it, and visitors that speak its websocket protocol."""
