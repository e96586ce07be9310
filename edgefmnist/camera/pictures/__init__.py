"""Picture files: which of a folder's files are pictures, what they declare, and their pixels."""
