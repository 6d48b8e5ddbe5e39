"""What is true: tables, and the transitions that change them. SQLAlchemy and the standard library only."""
