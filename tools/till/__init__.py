"""A till: for people who set a counter up, for whoever writes a till's software, and for tests."""
