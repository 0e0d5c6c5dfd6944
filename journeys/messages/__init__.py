"""Templates, their rendering in a sandbox, the mail made of them, and the signed links in it."""
