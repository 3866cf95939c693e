"""From a data set's name to arrays, and to a stratified train/validation/test split."""
