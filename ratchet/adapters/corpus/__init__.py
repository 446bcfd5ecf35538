"""The data folder, its revisions and ledgers: DVC, its remotes, and what was proved of them."""
