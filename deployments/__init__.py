"""WHERE: licenses bound to one license server."""
