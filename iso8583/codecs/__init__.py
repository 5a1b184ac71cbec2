"""Generated codecs; see iso8583.generate."""
