"""What ivr adds to Rasa 3.6. Runs in Rasa's own Python 3.10 environment only."""
