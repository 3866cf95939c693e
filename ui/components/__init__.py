"""What pages are made of: charts, pictures, networks, downloads. Each knows nothing of the page it is on."""
