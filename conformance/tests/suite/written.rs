//! `suite!` as a third party uses it: a backend without fault, and one whose fault is expected.

use anyrt_conformance::mutant::{Fault, Mutant};
use anyrt_tokio::Tokio;

mod sound {
    use super::*;

    anyrt_conformance::suite!(Mutant::new(Tokio::default(), Fault::None));
}

mod expected {
    use super::*;

    anyrt_conformance::suite!(
        Mutant::new(Tokio::default(), Fault::CapacityZero),
        expectations = "known.txt"
    );
}
