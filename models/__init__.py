"""What is true: tables, and the transitions that change them."""
