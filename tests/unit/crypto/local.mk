# Unit tests of src/crypto.
