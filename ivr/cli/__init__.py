"""The command line: argv -> Settings -> one call into the application."""
