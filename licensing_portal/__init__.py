"""The roof of the portal: settings, addresses, and what gathers from several apps. Sees all, is seen by none."""
