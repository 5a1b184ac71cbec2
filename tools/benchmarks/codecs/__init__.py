"""What ``countertop benchmark codec`` measures: messages, the floor, and other libraries."""
