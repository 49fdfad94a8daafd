# Unit tests of src/config.
