"""Where keys rest: the sealed file with its protectors, and PKCS#11 tokens. Each is imported by who needs it."""
