"""The vaccination record store and all that is made from it."""
