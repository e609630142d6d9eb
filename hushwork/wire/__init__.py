"""What travels: hotkeys, signed requests, messages, blobs, and thin HTTP shells around them."""
