"""What a weekly summary costs over a million claims: Himma's, the same figures by hand-written SQL, and by loading rows."""
