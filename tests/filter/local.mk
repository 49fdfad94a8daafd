# tests/filter
