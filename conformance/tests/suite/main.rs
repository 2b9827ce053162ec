//! The suite on mutants: as tests of a third party's, and by its runner. One program, for it takes a minute to compile.

mod runner;
mod written;
