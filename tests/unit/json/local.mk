# Unit tests of src/json.
