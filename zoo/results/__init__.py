"""What runs reached, side by side: tables and pictures made from their folders alone."""
