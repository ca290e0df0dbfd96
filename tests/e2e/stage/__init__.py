"""What the end-to-end tests are played on: a real broker, the real gateway, a real TLS front, a receiver that can fail."""
