# Unit tests of src/stream.
