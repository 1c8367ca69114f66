"""What reports of several commands share."""
