"""What the portal is measured beside: each in processes of its own, with settings of its own."""
