// A static library needs one translation unit.
