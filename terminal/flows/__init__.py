"""One file a flow; each reads like the specification's page."""
