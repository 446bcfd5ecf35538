"""What is new: commits of the followed branch, files of the inbox."""
