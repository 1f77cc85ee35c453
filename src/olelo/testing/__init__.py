"""Public test kit: an engine on a fake network and a fake clock."""
