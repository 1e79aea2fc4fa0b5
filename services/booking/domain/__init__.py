"""What is true of sites, resources, rights and bookings. Pure: standard library and shared.kernel only."""
