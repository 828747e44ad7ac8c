"""The journal as a feed, a stream and a subscription."""
