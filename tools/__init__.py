"""What the Makefile and the tests run, apart from the product."""
