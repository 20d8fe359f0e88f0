//! The VM scenarios, one a file. `tests/README.md` lists them and says how to run them.
