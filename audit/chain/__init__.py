"""Read a chain through a node that is not trusted: headers, receipts and accounts are hashed again."""
