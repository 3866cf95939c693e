"""An experiment that trains, as messages that are made once for all who follow it."""
